//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/raceflag"
)

var stormTime = flag.Duration("storm", 0, "how long the storm lasts at least")

const (
	stormPools = 500
	stormUsers = 50
	inHand     = 20 // objects that a user has at a time
	stormPs    = 4
)

// storm is 50 goroutines that use 500 pools and others that die with their round, and
// one that collects each millisecond, or as fast as that goes, and changes GOMAXPROCS.
type storm struct {
	pools       [stormPools]sync.Pool
	over        atomic.Bool
	users       sync.WaitGroup
	collections atomic.Int64
	died        atomic.Int64
}

func newStorm() *storm {
	s := new(storm)
	for i := range s.pools {
		s.pools[i].New = func() any { return new(int) }
		s.pools[i].Put(new(int))
	}
	for range stormUsers {
		s.users.Go(s.use)
	}
	s.users.Go(s.collect)
	return s
}

func (s *storm) end() {
	s.over.Store(true)
	s.users.Wait()
}

func newMortal() *sync.Pool { return &sync.Pool{New: func() any { return new([100]byte) }} }

// use gives up its P after each round, or 50 users would keep the reader from running
// for a second and more.
func (s *storm) use() {
	for ; !s.over.Load(); runtime.Gosched() {
		p := &s.pools[rand.IntN(len(s.pools))]
		if rand.IntN(50) == 0 {
			p = newMortal()
			s.died.Add(1)
		}
		for range 1 + rand.IntN(5) {
			var objects [inHand]any
			for i := range objects {
				objects[i] = p.Get()
			}
			for _, object := range objects {
				p.Put(object)
			}
		}
	}
}

func (s *storm) collect() {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !s.over.Load() {
		<-tick.C
		runtime.GC()
		if s.collections.Add(1)%4 == 0 {
			runtime.GOMAXPROCS(1 + rand.IntN(stormPs))
		}
	}
}

// witness has a pool that nobody else uses, so that it knows the content exactly, at any
// number of collections after it was filled.
type witness struct {
	t       *testing.T
	pool    *sync.Pool
	want    int // objects in it
	filled  uint64
	checked [3]int // readings after no, one and more collections
}

// fill makes a new pool, which dies with the next. It goes on until no collection began meanwhile.
func (w *witness) fill() {
	for range 1000 {
		w.pool, w.want, w.filled = new(sync.Pool), 1+rand.IntN(300), epoch()
		for range w.want {
			w.pool.Put(new(int))
		}
		c, now := lookPinned(shapeOf(w.pool))
		if raceflag.On && c.primary <= w.want { // a race build drops some of what is put
			w.want = c.primary
		}
		if now == w.filled {
			return
		}
	}
	w.t.Fatal("a collection began in each of 1,000 attempts to fill a pool")
}

func (w *witness) check() {
	if w.pool == nil {
		w.fill()
	}
	c, at := lookPinned(shapeOf(w.pool))
	age := min(at-w.filled, 2)
	want := [3][2]int{{w.want, 0}, {0, w.want}, {0, 0}}[age]
	if w.checked[age]++; c.primary != want[0] || c.victim != want[1] {
		w.t.Errorf("%d and %d objects %d collections after %d were put", c.primary, c.victim, at-w.filled, w.want)
	}
	if age == 2 {
		w.pool = nil
	}
}

// plausible checks every pool of the census. A user has 20 objects at a time, and one is
// made only when no other is found, so a pool has no more of them than its users can
// have, but for one on each P; a reading walks the Ps one after the other, and so meets
// an object on each P in the worst case, in the primary part and in the victim.
func (s *Census) plausible(t *testing.T) {
	const most = 2 * stormPs * (stormUsers*inHand + 2*stormPs)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.known {
		if e.row.mean < 0 || e.row.mean > 1<<20 {
			t.Errorf("%s: %d bytes an object", e.row.pub.Name(), e.row.mean)
		}
		if e.last.primary < 0 || e.last.victim < 0 || e.last.primary+e.last.victim > most {
			t.Errorf("%s: %d and %d objects", e.row.pub.Name(), e.last.primary, e.last.victim)
		}
	}
}

// have reports whether the storm has shown enough: every kind of event many times, and as
// long as was asked for. Under the race detector, which takes 20 times as long, a fifth will do, and
// on a machine that has no time for us, after a minute, a fiftieth.
func (w *witness) have(s *storm, readings int, began time.Time) bool {
	part := 1
	if raceflag.On {
		part = 5
	}
	if time.Since(began) > *stormTime+time.Minute {
		part = 50
	}
	return readings >= 1000/part && s.collections.Load() >= int64(100/part) && s.died.Load() >= int64(1000/part) &&
		min(w.checked[0], w.checked[1], w.checked[2]) >= 50/part && time.Since(began) >= *stormTime
}

func TestCountsStayRightInAStormConcurrentSafe(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	census := startHere(t)
	s, w := newStorm(), &witness{t: t}
	began, readings := time.Now(), 0
	for !w.have(s, readings, began) && !t.Failed() {
		census.Read()
		census.plausible(t)
		w.check()
		readings++
		if time.Since(began) > *stormTime+5*time.Minute {
			t.Errorf("in %v only %d collections, %v witnessed", time.Since(began), s.collections.Load(), w.checked)
		}
		runtime.Gosched()
	}
	s.end()
	t.Logf(
		"%d readings in %v, %d collections, %d pools died, %d counts known exactly",
		readings,
		time.Since(began).Round(time.Millisecond),
		s.collections.Load(),
		s.died.Load(),
		w.checked[0]+w.checked[1]+w.checked[2],
	)
	until(t, census, "the pools that died are forgotten", func() bool { return census.pools("newMortal") == 0 })
}

// pools counts those in rows whose name has a text.
func (s *Census) pools(name string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.known {
		if strings.Contains(e.row.pub.Name(), name) {
			n++
		}
	}
	return n
}
