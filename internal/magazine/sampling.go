package magazine

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

// Sampling says which requests Get and Count ask to sample: on each P one in so
// much of its time, as far as Least and First allow. Which one is random, by the
// number of requests and not by the clock: a clock would always meet the first
// request after a pause.
type Sampling struct {
	// Every is a P's time from one sample to the next, on average. 0 samples
	// everything.
	Every time.Duration
	// Least is how many requests there are to a sample at least, on average; 0
	// samples nothing. First is the same at most, until a P has taken its first
	// samples of a class.
	Least, First uint32
}

const (
	firstSamples = 80
	// A schedule looks at the clock after each leg: a class that was used in a tight
	// loop and is used rarely now is sampled as such after one leg on each P.
	maxLeg   = 1 << 11
	maxWant  = 1 << 30
	fraction = 8
	// crowd is how many schedules of a P sample each at its own pace. What a pool's samples may
	// cost is a share of the P's time, of which a thousand pools would have all.
	crowd     = 4
	maxSpread = 1 << 12
)

// samples counts those of all pools on each P.
var samples percpu.Counters

// passed is what went by since a class's samples were accounted for last.
type passed struct {
	requests atomic.Uint64
	nanos    atomic.Int64
}

// Passed is the number of a class's requests since it was called last that went by
// up to a sample, and the time that Ps spent meanwhile, each counted once per pool.
// A pool that samples everything does not count them.
func (p *Pool) Passed(class int) (requests uint64, spent time.Duration) {
	d := &p.depots[class]
	return d.passed.requests.Swap(0), time.Duration(d.passed.nanos.Swap(0))
}

// clock is a P's, or the one of all requests that go through no cell: classes share
// it, so that its time is counted once.
type clock struct {
	*Sampling
	pool    *Pool
	start   time.Time
	counted atomic.Int64 // nanoseconds since start that passed has
}

func (c *clock) now() int64 { return int64(time.Since(c.start)) }

// schedule decides which requests of one class to sample on one P. Only the cell's
// owner uses it, pinned, so it is plain numbers. It goes with the shard when another P gets that,
// and learns that one's pace within a leg.
type schedule struct {
	*clock
	hits, misses run
	young        uint8 // samples until First is over
	class        uint8

	at       int64 // when a leg ended last
	requests int64 // the latest ones, older ones counting less, shifted by fraction
	nanos    int64 // that they took

	seen   uint64 // samples of the P, when this schedule took its last
	spread uint32 // by how much its samples are further apart since there are others
}

// run is the way to the next sample among requests of one kind, in legs.
type run struct {
	left   uint32 // requests until the next sample, from the leg's beginning
	stands uint32 // requests since the one before, up to the leg's beginning
	ahead  uint32 // requests of the leg, where nothing else counts them
	most   uint32 // requests of a leg
}

// init makes a schedule of its parts, and has the first sample come soon.
func (s *schedule) init(class int, c *clock, most uint32) {
	s.clock, s.class, s.young = c, uint8(class), firstSamples
	s.at = c.now()
	s.hits.most, s.misses.most = most, most
	s.seen, s.spread = s.countSample(0), 1
	first := max(s.First, s.Least)
	s.hits.plan(first)
	s.misses.plan(first)
}

// next ends a leg, begins another, and reports whether to sample the request that ended
// it.
func (s *schedule) next(r *run) (sample bool) {
	if s.Every == 0 {
		r.begin()
		return true
	}
	// The clock is read pinned: it neither waits nor allocates, and a leg is long enough for its price.
	now, leg := s.now(), r.leg()
	s.learn(now-s.at, int64(leg))
	s.at = now
	r.left -= leg
	r.stands += leg
	want := s.want()
	switch {
	case r.left == 0:
		s.account(now, r.stands)
		s.spreadOut()
		r.stands = 0
		r.plan(s.want())
		return true
	case want < r.left/2: // requests have become rarer
		r.plan(want)
	default:
		r.begin()
	}
	return false
}

// account tells Passed of what a sample stands for. Hits and misses of all classes on the P share
// the clock, and Swap gives each stretch of its time to one of them.
func (s *schedule) account(now int64, requests uint32) {
	passed := &s.pool.depots[s.class].passed
	passed.requests.Add(uint64(requests))
	passed.nanos.Add(max(now-s.counted.Swap(now), 0))
	if s.young > 0 {
		s.young--
	}
}

// spreadOut counts a sample, and spreads those to come by how many others the P's schedules took
// since the one before. Where all do so, all are spread alike, and together take crowd times as
// many as one would. The spread at most doubles at a time: a goroutine that had to wait for its P
// finds many samples of those that ran meanwhile.
func (s *schedule) spreadOut() {
	all := s.countSample(1)
	others := all - s.seen - 1
	s.seen = all
	s.spread = uint32(min(1+others/crowd, 2*uint64(s.spread), maxSpread))
}

// countSample adds to the samples of the P, and returns them. It may be called pinned, so it
// makes no counters: see shard.sample.
func (s *schedule) countSample(n uint64) (all uint64) {
	if counters := samples.At(percpu.Pin()); counters != nil {
		all = atomic.AddUint64(&counters[0], n) // in the portable build others count there, too
	}
	percpu.Unpin()
	return all
}

// learn takes a leg into the average. It is one of sums, so that a pause between
// bursts counts for its length. A leg that took longer than all that is remembered
// says more than that.
func (s *schedule) learn(nanos, requests int64) {
	if nanos > s.nanos {
		s.requests, s.nanos = 0, 0
	}
	s.requests += requests<<fraction - s.requests/8
	s.nanos += nanos - s.nanos/8
}

// want is how many requests there should be from one sample to the next.
func (s *schedule) want() uint32 {
	want := int64(s.Every) * s.requests / max(s.nanos, 1) >> fraction
	if s.young > 0 {
		want = min(want, int64(s.First))
	}
	want = max(want, int64(s.Least))
	return uint32(min(want*int64(s.spread), maxWant))
}

// plan chooses the next request to sample: on average so many on, at random, or
// code that alternates would always be met at the same step.
func (r *run) plan(mean uint32) {
	r.left = 1 + rand.Uint32N(2*mean-1)
	r.begin()
}

func (r *run) begin() { r.ahead = r.leg() }

// leg is how many requests there are from one look at the clock to the next.
func (r *run) leg() uint32 { return min(r.left, r.most) }

// ends counts a request, and reports whether it ends the leg.
func (r *run) ends() bool {
	r.ahead--
	return r.ahead == 0
}

// sample makes the cells of a new shard sample.
func (s *shard) sample(p *Pool) {
	if p.sampling.Least == 0 {
		return
	}
	s.clock.Sampling, s.clock.pool, s.clock.start = &p.sampling, p, time.Now()
	samples.Add(0, 0) // makes them
	schedules := make([]schedule, len(s.cells))
	for i := range schedules {
		c := &s.cells[i]
		c.schedule = &schedules[i]
		c.schedule.init(i, &s.clock, min(maxLeg, mostTallied(c.size)))
	}
}

// countMiss counts a miss, and reports whether to sample it.
func (c *Cell) countMiss() (sample bool) {
	c.misses++
	s := c.schedule
	return s != nil && s.misses.ends() && s.next(&s.misses)
}

// direct is the schedules, by class, for requests that hit and go through no cell. All Ps share them
// under a lock, since such a request has taken the depot's lock already.
type direct struct {
	mu        sync.Mutex
	clock     clock
	schedules []schedule
}

// due reports whether to sample such a request. It waits for nobody: a request that
// comes while another is counted is not.
func (p *Pool) due(class int) (sample bool) {
	if p.sampling.Least == 0 || p.sampling.Every == 0 {
		return p.sampling.Least > 0
	}
	d := p.direct.Load()
	if d == nil {
		p.direct.CompareAndSwap(nil, p.newDirect())
		d = p.direct.Load()
	}
	if !d.mu.TryLock() {
		return false
	}
	defer d.mu.Unlock()
	s := &d.schedules[class]
	return s.hits.ends() && s.next(&s.hits)
}

func (p *Pool) newDirect() *direct {
	d := &direct{clock: clock{Sampling: &p.sampling, pool: p, start: time.Now()}, schedules: make([]schedule, len(p.depots))}
	for i := range d.schedules {
		d.schedules[i].init(i, &d.clock, maxLeg)
	}
	return d
}
