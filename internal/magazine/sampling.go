package magazine

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/internal/percpu"
)

// Sampling says which requests Get and Count ask to sample: on each P one in every
// Every of its time, as far as Least and First allow. The request is picked at random
// by the number of requests and not by the clock: a clock would always pick the first
// request after a pause.
type Sampling struct {
	// Every is a P's time from one sample to the next, on average. 0 samples
	// everything.
	Every time.Duration
	// Least is the least number of requests per sample, on average; 0 samples nothing.
	// First is the largest such number until a P has taken its first samples of a
	// class.
	Least, First uint32
}

const (
	firstSamples = 80
	// A schedule looks at the clock after each leg: after one leg on each P it knows
	// that a class is no longer used in a tight loop.
	maxLeg   = 1 << 11
	maxWant  = 1 << 30
	fraction = 8
	// crowd is the number of schedules of a P that sample each at its own pace. A
	// pool's samples may cost a share of the P's time, and a thousand pools would take
	// all of it.
	crowd     = 4
	maxSpread = 1 << 12
)

// samples counts the samples of all pools on each P.
var samples percpu.Counters

// passed counts a class's requests and their time since the last call of Passed.
type passed struct {
	requests atomic.Uint64
	nanos    atomic.Int64
}

// Passed returns the number of a class's requests up to its latest samples since the
// last call, and the time that Ps spent meanwhile, each counted once per pool. A pool
// that samples everything does not count them.
func (p *Pool) Passed(class int) (requests uint64, spent time.Duration) {
	d := &p.depots[class]
	return d.passed.requests.Swap(0), time.Duration(d.passed.nanos.Swap(0))
}

// clock is the clock of a P. Classes share it, so that its time is counted once.
type clock struct {
	*Sampling
	pool    *Pool
	start   time.Time
	counted atomic.Int64 // nanoseconds since start that passed has
}

func (c *clock) now() int64 { return int64(time.Since(c.start)) }

// schedule decides which requests of one class to sample on one P. Only the cell's
// owner uses it, pinned, so its fields are plain numbers. If another P gets the shard,
// the schedule goes with it, and learns the other P's pace within a leg.
type schedule struct {
	*clock
	hits   run   // requests that the tally counts
	others run   // those that it does not: see Cell.due
	young  uint8 // samples until First is over
	class  uint8

	at       int64 // when a leg ended last
	requests int64 // the latest ones, older ones counting less, shifted by fraction
	nanos    int64 // that they took

	seen   uint64 // the P's samples when this schedule took its last
	spread uint32 // factor by which its samples are farther apart because of others
}

// run is the way to the next sample among requests of one kind, in legs.
type run struct {
	left   uint32 // requests until the next sample, from the leg's beginning
	stands uint32 // requests since the one before, up to the leg's beginning
	ahead  uint32 // requests of the leg, where nothing else counts them
	most   uint32 // requests of a leg
}

// init sets up a schedule whose first sample comes soon.
func (s *schedule) init(class, size int, c *clock) {
	s.clock, s.class, s.young = c, uint8(class), firstSamples
	s.at = c.now()
	s.hits.most, s.others.most = min(maxLeg, mostTallied(size)), maxLeg
	s.seen, s.spread = s.countSample(0), 1
	first := max(s.First, s.Least)
	s.hits.plan(first)
	s.others.plan(first)
}

// next ends a leg, begins another, and reports whether to sample the request that ended
// the first.
func (s *schedule) next(r *run) (sample bool) {
	if s.Every == 0 {
		r.begin()
		return true
	}
	// Reading the clock is allowed while pinned: it neither waits nor allocates, and a
	// leg is long enough to pay for it.
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

// account adds the requests and the time that a sample stands for to passed. Requests
// of all classes on the P share the clock, and Swap gives each stretch of its
// time to one of them.
func (s *schedule) account(now int64, requests uint32) {
	passed := &s.pool.depots[s.class].passed
	passed.requests.Add(uint64(requests))
	passed.nanos.Add(max(now-s.counted.Swap(now), 0))
	if s.young > 0 {
		s.young--
	}
}

// spreadOut counts a sample, and spreads the next ones by the number of samples that
// the P's other schedules took since the last. If all do so, all are spread alike, and
// together take crowd times as many samples as one would. The spread at most doubles at
// a time, because a goroutine that waited for its P finds many samples of the
// goroutines that ran meanwhile.
func (s *schedule) spreadOut() {
	all := s.countSample(1)
	others := all - s.seen - 1
	s.seen = all
	s.spread = uint32(min(1+others/crowd, 2*uint64(s.spread), maxSpread))
}

// countSample adds to the P's samples, and returns their number. It may be called
// pinned, so it does not make counters: shard.sample does.
func (s *schedule) countSample(n uint64) (all uint64) {
	if counters := samples.At(percpu.Pin()); counters != nil {
		all = atomic.AddUint64(&counters[0], n) // in the portable build others count there, too
	}
	percpu.Unpin()
	return all
}

// learn adds a leg to the average, which is a quotient of sums, so that a pause between
// bursts counts for its length. A leg that took longer than everything remembered
// replaces it.
func (s *schedule) learn(nanos, requests int64) {
	if nanos > s.nanos {
		s.requests, s.nanos = 0, 0
	}
	s.requests += requests<<fraction - s.requests/8
	s.nanos += nanos - s.nanos/8
}

// want is the number of requests that there should be from one sample to the next.
func (s *schedule) want() uint32 {
	want := int64(s.Every) * s.requests / max(s.nanos, 1) >> fraction
	if s.young > 0 {
		want = min(want, int64(s.First))
	}
	want = max(want, int64(s.Least))
	return uint32(min(want*int64(s.spread), maxWant))
}

// plan chooses the next request to sample, at random, on average mean requests on:
// otherwise code that alternates would always be sampled at the same step.
func (r *run) plan(mean uint32) {
	r.left = 1 + rand.Uint32N(2*mean-1)
	r.begin()
}

func (r *run) begin() { r.ahead = r.leg() }

// leg is the number of requests from one look at the clock to the next.
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
	samples.Grow(runtime.GOMAXPROCS(0))
	schedules := make([]schedule, len(s.cells))
	for i := range schedules {
		c := &s.cells[i]
		c.schedule = &schedules[i]
		c.schedule.init(i, c.size, &s.clock)
	}
}

// due reports whether to sample a request that the tally does not count: a miss, or one
// that the depot serves.
func (c *Cell) due() (sample bool) {
	s := c.schedule
	return s != nil && s.others.ends() && s.next(&s.others)
}
