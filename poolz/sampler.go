package poolz

import (
	"sync"
	"time"

	"github.com/otelpool/pool"
)

const (
	interval   = time.Second
	forgetting = time.Minute // after which the past of pools that nobody watches is dropped
)

// sampler reads the pools once a second while somebody watches. It has no
// goroutine of its own: the viewer that is due first reads, and the others
// share its readings. A viewer holds the lock while it renders, and never while
// it writes to its client. The program's code is never called under the lock:
// see inquiry.
type sampler struct {
	registry *pool.Registry
	inquiry  *inquiry

	mu      sync.RWMutex
	viewers int
	frame   frame
	tracks  map[*pool.Entry]*track
	reading chan struct{} // closed when the round under way has ended; nil where none is
	forget  *time.Timer
}

// frame is a registry at one moment.
type frame struct {
	round   // the last; the next one overwrites its answers, which the tracks have copied
	clock   clock
	tracks  []*track // in the registry's order
	summary summary
	seconds float64 // that the rates cover; 0: there are none
}

// clock has the times of the last samples.
type clock struct {
	seq   uint64
	times [history + 1]time.Time
}

func (c *clock) tick(now time.Time) {
	c.seq++
	c.times[c.seq%uint64(len(c.times))] = now
}

func (c *clock) at(seq uint64) time.Time { return c.times[seq%uint64(len(c.times))] }

// lasted is the seconds between a sample and the one before it.
func (c *clock) lasted(seq uint64) float64 { return c.at(seq).Sub(c.at(seq - 1)).Seconds() }

// watch begins a viewer's time, in which the viewer has to call sample every interval.
func (s *sampler) watch() (leave func()) {
	s.mu.Lock()
	s.viewers++
	if s.forget != nil {
		s.forget.Stop()
	}
	s.mu.Unlock()
	s.sample(time.Now())
	return s.leave
}

func (s *sampler) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.viewers--
	if s.viewers == 0 {
		s.forget = time.AfterFunc(forgetting, s.drop)
	}
}

// drop forgets the past unless a viewer has come meanwhile.
func (s *sampler) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.viewers == 0 {
		s.frame, s.tracks = frame{}, nil
	}
}

// sample reads the pools unless they were read less than an interval ago. If
// another viewer is reading, sample waits for it to end, which is soon,
// whatever the program's sources do: see inquiry.
func (s *sampler) sample(now time.Time) {
	switch r, others := s.begin(now); {
	case r != nil:
		defer s.end(r)
		s.inquiry.ask(s.registry, r)
	case others != nil:
		<-others
	}
}

// begin returns a new round if one is due; else the end of the round under way, if there is one.
func (s *sampler) begin(now time.Time) (r *round, others <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Tickers are not exact: one that is a little early is on time.
	if s.reading != nil || s.frame.clock.seq > 0 && now.Sub(s.frame.at) < interval*9/10 {
		return nil, s.reading
	}
	s.reading = make(chan struct{})
	return &round{at: now, after: s.frame.clock.seq, answers: s.frame.answers}, nil
}

// end takes over the round's readings, unless the past that they follow was dropped.
func (s *sampler) end(r *round) {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.reading)
	s.reading = nil
	if s.frame.clock.seq == r.after {
		s.take(r)
	}
}

// take goes on with the tracks of the round's pools, and so forgets those of pools
// that the registry has forgotten.
func (s *sampler) take(r *round) {
	f, before := &s.frame, s.tracks
	s.tracks = make(map[*pool.Entry]*track, len(r.entries))
	f.round = *r
	f.clock.tick(r.at)
	f.tracks = f.tracks[:0]
	for i, e := range r.entries {
		t := before[e]
		if t == nil {
			t = newTrack(e)
		}
		s.tracks[e] = t
		t.watched = f.clock.seq > 1
		t.sample(f.clock.seq, r.at, f.clock.lasted(f.clock.seq), &r.answers[i])
		t.recent = t.over(recentWindow, &f.clock)
		t.marks = judge(t, f)
		f.tracks = append(f.tracks, t)
	}
	f.summary, f.seconds = f.sum(s.registry)
}

// current is the sampler if it has a past, else a new one that has read once.
func (s *sampler) current(now time.Time) *sampler {
	if !s.show(func(*frame) {}) {
		s = &sampler{registry: s.registry, inquiry: s.inquiry}
	}
	s.sample(now) // reads nothing, unless nobody watches or every viewer is late
	return s
}

// show calls fn with the latest frame, under the lock. It reports whether there
// is a frame: the past may have been dropped meanwhile.
func (s *sampler) show(fn func(*frame)) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.frame.clock.seq == 0 {
		return false
	}
	fn(&s.frame)
	return true
}
