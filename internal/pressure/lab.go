package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/otelpool/pool"
)

// plan is the service's life: bursts of requests that hold large buffers, then
// a heap that grows until the memory is short, and steady traffic throughout.
type plan struct {
	Pool string

	Bursts     int
	BurstEvery time.Duration
	BurstHeld  time.Duration
	BurstBytes int64 // held at once, in buffers of the largest class

	Heap     int64         // bytes that the program's own heap grows by
	HeapTime time.Duration // in which it does
	Rest     time.Duration // time after that

	Workers int
	Think   time.Duration // between two requests of a worker
	Garbage int           // bytes allocated by a request beside its buffer
}

const mib = 1 << 20

var longPlan = plan{
	Bursts: 5, BurstEvery: time.Second, BurstHeld: 50 * time.Millisecond, BurstBytes: 160 * mib,
	HeapTime: 3 * time.Second, Rest: 7 * time.Second,
	Workers: 2, Think: 2 * time.Millisecond, Garbage: 24 << 10,
}

var shortPlan = plan{
	Bursts: 5, BurstEvery: 700 * time.Millisecond, BurstHeld: 50 * time.Millisecond, BurstBytes: 160 * mib,
	HeapTime: time.Second, Rest: 2 * time.Second,
	Workers: 2, Think: 2 * time.Millisecond, Garbage: 24 << 10,
}

// runLab lives the plan and writes what was measured.
func runLab(ctx context.Context, encoded string, out io.Writer) error {
	var p plan
	if err := json.Unmarshal([]byte(encoded), &p); err != nil {
		return fmt.Errorf("pressure: -lab: %w", err)
	}
	make, ok := pools[p.Pool]
	if !ok {
		return fmt.Errorf("pressure: -lab: no pool %q", p.Pool)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	buffers, report, err := make(ctx)
	if err != nil {
		return err
	}
	result := p.live(buffers)
	report(&result)
	return json.NewEncoder(out).Encode(result)
}

func (p *plan) live(buffers pool.Bytes) labResult {
	m := startMeasuring()
	var traffic sync.WaitGroup
	end := make(chan struct{})
	latencies := make([][]time.Duration, p.Workers)
	for i := range latencies {
		traffic.Go(func() { latencies[i] = p.serve(buffers, rand.New(rand.NewPCG(1, uint64(i))), end) })
	}
	for range p.Bursts {
		time.Sleep(p.BurstEvery)
		p.burst(buffers)
	}
	heap := p.grow()
	time.Sleep(p.Rest)
	close(end)
	traffic.Wait()
	result := m.stop(latencies)
	heap.check()
	return result
}

// serve answers requests until end is closed and returns how long each took.
func (p *plan) serve(buffers pool.Bytes, random *rand.Rand, end <-chan struct{}) []time.Duration {
	took := make([]time.Duration, 0, 1<<14)
	for {
		select {
		case <-end:
			return took
		case <-time.After(p.Think):
		}
		start := time.Now()
		p.request(buffers, random)
		took = append(took, time.Since(start))
	}
}

// request fills a buffer, as reading a body does, and leaves garbage, as
// decoding it does. One in 200 bodies is large.
func (p *plan) request(buffers pool.Bytes, random *rand.Rand) {
	n := 1 + random.IntN(64<<10)
	if random.IntN(200) == 0 {
		n = largest
	}
	b := buffers.Get(n)
	for i := range b {
		b[i] = byte(n)
	}
	var kept *record
	for made := 0; made < p.Garbage; made += recordSize {
		kept = &record{next: kept}
	}
	if kept.len()*recordSize < p.Garbage || int(b[n-1]) != n&0xff {
		fmt.Fprintln(os.Stderr, "pressure: a buffer is shared by two requests")
		os.Exit(3)
	}
	buffers.Put(b)
}

// burst is many large requests at once: all buffers are in use together.
func (p *plan) burst(buffers pool.Bytes) {
	held := make([][]byte, p.BurstBytes/largest)
	for i := range held {
		held[i] = buffers.Get(largest)
		touch(held[i])
	}
	time.Sleep(p.BurstHeld)
	for _, b := range held {
		buffers.Put(b)
	}
}

func touch(b []byte) {
	for i := 0; i < len(b); i += 4 << 10 {
		b[i] = 1
	}
}

// record is what the program's own heap is made of: small objects that point to
// each other across it, which the collector has to follow.
type record struct {
	next  *record
	links [7]*record
	body  [recordSize - 64]byte
}

const recordSize = 256

func (r *record) len() (n int) {
	for ; r != nil; r = r.next {
		n++
	}
	return n
}

// grown is a heap that has grown.
type grown struct {
	chains []*record
	want   int
}

// grow fills the heap in steps of a hundredth.
func (p *plan) grow() (g grown) {
	const steps = 100
	random := rand.New(rand.NewPCG(2, 0))
	known := make([]*record, 1<<14) // to link to: some of all there are
	g.want = int(p.Heap / recordSize)
	for range steps {
		var chain *record
		for range g.want / steps {
			chain = &record{next: chain}
			chain.body[0] = 1
			for i := range chain.links {
				chain.links[i] = known[random.IntN(len(known))]
			}
			if random.IntN(8) == 0 {
				known[random.IntN(len(known))] = chain
			}
		}
		g.chains = append(g.chains, chain)
		time.Sleep(p.HeapTime / steps)
	}
	return g
}

// check keeps the heap alive until here.
func (g *grown) check() {
	n := 0
	for _, chain := range g.chains {
		n += chain.len()
	}
	if n < g.want*9/10 {
		fmt.Fprintf(os.Stderr, "pressure: the heap has %d records, not %d\n", n, g.want)
		os.Exit(3)
	}
}
