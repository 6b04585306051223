// Exact uses a pool in ways in which it knows what lies in it and what a collection drops,
// and compares the census with that at every collection and between. With the argument
// drain it knows only what it can take out again, with one P: a race build drops some puts.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/syncpools"
)

type object struct{ _ [64]byte }

var misses atomic.Int64

func newChecked() *sync.Pool {
	return &sync.Pool{New: func() any { misses.Add(1); return new(object) }}
}

type checked struct {
	pool   *sync.Pool
	census *syncpools.Census
	held   int64 // objects in the pool
	aging  int64 // of these, what the next collection drops
	gone   int64 // dropped so far
	checks int
}

// each runs f in four goroutines, n times in each.
func each(n int, f func()) {
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range n {
				f()
			}
		})
	}
	all.Wait()
}

func (c *checked) put(n int) {
	each(n, func() { c.pool.Put(new(object)) })
	c.held += 4 * int64(n)
	c.check("put")
}

func (c *checked) get(n int) {
	before := misses.Load()
	each(n, func() { c.pool.Get() })
	missed := misses.Load() - before
	hits := 4*int64(n) - missed
	c.held -= hits
	c.aging -= hits // only what ages is there when this is called
	if missed > 0 { // sync.Pool then looks no more at what ages, also where another P's own object is left of it
		c.held, c.aging = 0, 0
	}
	c.check("get")
}

func (c *checked) collect() {
	runtime.GC()
	c.gone += c.aging
	c.held -= c.aging
	c.aging = c.held
	c.check("collection")
}

// row is what the census says of the pool. Read is never too soon.
func (c *checked) row() (s pool.Stats) {
	c.census.Read()
	for _, e := range pool.Default.All() {
		if strings.Contains(e.Name(), "newChecked") {
			e.Stats(&s)
		}
	}
	return s
}

func (c *checked) check(after string) {
	s := c.row()
	if c.checks++; s.Idle != c.held || int64(s.Evictions[pool.EvictGC]) != c.gone || s.IdleBytes != 64*c.held {
		fmt.Printf("check %d, after a %s: %d objects, %d bytes, %d dropped; want %d, %d, %d\n",
			c.checks, after, s.Idle, s.IdleBytes, s.Evictions[pool.EvictGC], c.held, 64*c.held, c.gone)
		os.Exit(1)
	}
}

// cycle begins and ends with a pool that is empty.
func (c *checked) cycle() {
	c.put(1 + rand.IntN(200))
	c.collect()
	c.get(rand.IntN(100))
	c.put(rand.IntN(100))
	c.collect()
	c.collect()
}

// drain compares what is held with what comes out.
func (c *checked) drain() {
	each(rand.IntN(100), func() { c.pool.Put(new(object)) })
	if rand.IntN(2) == 0 {
		runtime.GC()
	}
	held, out := c.row().Idle, int64(-1)
	for before := misses.Load(); misses.Load() == before; out++ {
		c.pool.Get()
	}
	if c.checks++; held != out {
		fmt.Printf("check %d: %d objects, %d came out\n", c.checks, held, out)
		os.Exit(1)
	}
}

func main() {
	debug.SetGCPercent(-1) // collections are those that are asked for
	c := checked{pool: newChecked()}
	for range 50 { // a race build drops each fourth, and a pool is known that was used
		c.pool.Put(new(object))
	}
	var err error
	if c.census, err = syncpools.Start(syncpools.Config{}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	step := c.cycle
	if len(os.Args) > 1 {
		runtime.GOMAXPROCS(1)
		step = c.drain
	}
	runtime.GC()
	runtime.GC()
	c.gone = int64(c.row().Evictions[pool.EvictGC])
	for range 200 {
		step()
	}
	fmt.Println(c.checks, "checks")
}
