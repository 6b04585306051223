package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const mib = 1 << 20

// plan is a service's life: steady traffic throughout, and what happens beside
// it at moments counted from its start.
type plan struct {
	Pool   string
	Dir    string // for the recording
	Budget int64  // of idle bytes, for ours; 0 is the controller's default
	Lasts  time.Duration

	Workers int
	Think   time.Duration // between two requests of a worker
	Garbage int           // bytes allocated by a request beside its buffer

	Bursts []burst
	Heap   heap
	File   file
	Names  names
}

// burst is many buffers in use together, as requests that come at once have
// them.
type burst struct {
	After, Every, Held time.Duration
	Times              int // 0 for as long as the service lives
	Bytes              int64
	Size               int  // of one buffer
	Counted            bool // as requests of the service
}

// heap is the program's own, which grows.
type heap struct {
	After, During time.Duration
	Bytes         int64
}

// runLab lives the plan and writes what was measured.
func runLab(ctx context.Context, encoded string, out io.Writer) error {
	var p plan
	if err := json.Unmarshal([]byte(encoded), &p); err != nil {
		return fmt.Errorf("pressure: -lab: %w", err)
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b, err := openPool(ctx, &p)
	if err != nil {
		return fmt.Errorf("pressure: -lab: %w", err)
	}
	result, err := p.live(b)
	if err != nil {
		return fmt.Errorf("pressure: -lab: %w", err)
	}
	b.report(&result)
	return json.NewEncoder(out).Encode(result)
}

// service is a plan that is lived.
type service struct {
	*plan
	buffers
	start time.Time
	end   chan struct{}
	gets  atomic.Uint64
	all   sync.WaitGroup

	mu        sync.Mutex
	latencies []time.Duration
	failed    error
}

func (p *plan) live(b buffers) (labResult, error) {
	s := &service{plan: p, buffers: b, start: time.Now(), end: make(chan struct{})}
	m := startMeasuring()
	for i := range p.Workers {
		s.all.Go(func() { s.serve(rand.New(rand.NewPCG(1, uint64(i)))) })
	}
	for _, b := range p.Bursts {
		s.all.Go(func() { s.bursts(b) })
	}
	grown := make(chan grown, 1)
	s.all.Go(func() { grown <- s.grow() })
	s.all.Go(func() { s.fail(p.File.read(s.sleep)) })
	s.all.Go(func() { p.Names.look(s.sleep) })
	s.sleep(p.Lasts)
	close(s.end)
	s.all.Wait()
	slices.Sort(s.latencies)
	result := m.stop(s.latencies)
	result.Gets, result.Misses = s.gets.Load(), b.misses()
	kept := <-grown
	kept.check()
	return result, s.failed
}

// sleep waits until so long after the start, or tells that the service ends
// before.
func (s *service) sleep(until time.Duration) (lives bool) {
	select {
	case <-s.end:
		return false
	case <-time.After(time.Until(s.start.Add(until))):
		return true
	}
}

func (s *service) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
}

// served adds latencies to the service's.
func (s *service) served(latencies []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latencies = append(s.latencies, latencies...)
}

// roomForLatencies lasts for a service's life, so that measuring leaves no garbage.
const roomForLatencies = 1 << 16

// serve answers requests until the service ends.
func (s *service) serve(random *rand.Rand) {
	took := make([]time.Duration, 0, roomForLatencies)
	for {
		select {
		case <-s.end:
			s.served(took)
			return
		default:
		}
		time.Sleep(s.Think)
		start := time.Now()
		s.request(random)
		took = append(took, time.Since(start))
	}
}

// request fills a buffer, as reading a body does, and leaves garbage, as
// decoding it does. One in 200 bodies is large.
func (s *service) request(random *rand.Rand) {
	n := 1 + random.IntN(64<<10)
	if random.IntN(200) == 0 {
		n = largest
	}
	s.gets.Add(1)
	b := s.Get(n)
	for i := range b {
		b[i] = byte(n)
	}
	var kept *record
	for made := 0; made < s.Garbage; made += recordSize {
		kept = &record{next: kept}
	}
	if kept.len()*recordSize < s.Garbage || int(b[n-1]) != n&0xff {
		fmt.Fprintln(os.Stderr, "pressure: a buffer is shared by two requests")
		os.Exit(3)
	}
	s.Put(b)
}

func (s *service) bursts(b burst) {
	held := make([][]byte, b.Bytes/int64(b.Size))
	took := make([]time.Duration, 0, roomForLatencies)
	for i := 0; (b.Times == 0 || i < b.Times) && s.sleep(b.After+time.Duration(i)*b.Every); i++ {
		for i := range held {
			start := time.Now()
			held[i] = s.Get(b.Size)
			touch(held[i])
			took = append(took, time.Since(start))
		}
		s.gets.Add(uint64(len(held)))
		time.Sleep(b.Held)
		for i, buffer := range held {
			s.Put(buffer)
			held[i] = nil
		}
	}
	if b.Counted {
		s.served(took)
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
func (s *service) grow() (g grown) {
	const steps = 100
	random := rand.New(rand.NewPCG(2, 0))
	want := int(s.Heap.Bytes / recordSize)
	if want == 0 || !s.sleep(s.Heap.After) {
		return g
	}
	known := make([]*record, 1<<14) // to link to: some of all there are
	g.want = want
	for i := range steps {
		var chain *record
		for range want / steps {
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
		s.sleep(s.Heap.After + time.Duration(i+1)*s.Heap.During/steps)
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
