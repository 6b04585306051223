package poolz

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

const (
	interval   = time.Second
	forgetting = time.Minute // after which the past of pools that nobody watches is dropped
)

// sampler reads the pools once a second while somebody watches. It has no
// goroutine: whichever viewer is due first reads, and the others share what it
// read. A viewer holds the lock while it renders and never while it writes to
// its client.
type sampler struct {
	registry *pool.Registry

	mu      sync.RWMutex
	viewers int
	frame   frame
	tracks  map[*pool.Entry]*track
	scratch pool.Stats
	forget  *time.Timer
}

// frame is a registry at one moment.
type frame struct {
	at         time.Time
	clock      clock
	tracks     []*track // in the registry's order
	controller *control.Stats
	budget     struct{ limit, charged int64 } // shared by the registry's pools
	panics     caught
}

// caught is panics of the program's functions.
type caught struct {
	n    uint64
	last string // with its stack
}

// text is a line about them, "" if there are none.
func (c *caught) text() string {
	if c.n == 0 {
		return ""
	}
	value, _, _ := strings.Cut(c.last, "\n")
	return fmt.Sprintf("%s of functions of the program caught, the last: %s", plural(c.n, "panic"), clip(label(value), 200))
}

// clock is when the last samples were taken.
type clock struct {
	seq   uint64
	times [history + 1]time.Time
}

func (c *clock) tick(now time.Time) {
	c.seq++
	c.times[c.seq%uint64(len(c.times))] = now
}

func (c *clock) at(seq uint64) time.Time { return c.times[seq%uint64(len(c.times))] }

// lasted is how many seconds went by before a sample since the one before it.
func (c *clock) lasted(seq uint64) float64 { return c.at(seq).Sub(c.at(seq - 1)).Seconds() }

func newSampler(r *pool.Registry) *sampler {
	return &sampler{registry: r, tracks: map[*pool.Entry]*track{}}
}

// watch begins a viewer's time, in which it is to call sample every interval.
func (s *sampler) watch() (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.viewers++
	if s.forget != nil {
		s.forget.Stop()
	}
	s.sampleLocked(time.Now())
	return sync.OnceFunc(s.leave)
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
		s.frame, s.scratch = frame{}, pool.Stats{}
		s.tracks = map[*pool.Entry]*track{}
	}
}

// sample reads the pools unless that was done less than an interval ago.
func (s *sampler) sample(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sampleLocked(now)
}

func (s *sampler) sampleLocked(now time.Time) {
	f := &s.frame
	// Tickers are not exact: one that is a little early is on time.
	if f.clock.seq > 0 && now.Sub(f.at) < interval*9/10 {
		return
	}
	f.at = now
	f.clock.tick(now)
	f.tracks = f.tracks[:0]
	for _, e := range s.registry.All() {
		t := s.tracks[e]
		if t == nil {
			t = newTrack(e)
			s.tracks[e] = t
		}
		t.sample(f.clock.seq, now, f.clock.lasted(f.clock.seq), &s.scratch)
		t.recent = t.over(recentWindow, &f.clock)
		t.marks = judge(t, f)
		f.tracks = append(f.tracks, t)
	}
	s.prune()
	s.askController()
	b := s.registry.Budget()
	f.budget.limit, f.budget.charged = b.Limit(), b.Used()
	f.panics.n, f.panics.last = s.registry.Panics()
}

// prune lets go of pools that the registry has forgotten.
func (s *sampler) prune() {
	if len(s.tracks) == len(s.frame.tracks) {
		return
	}
	clear(s.tracks)
	for _, t := range s.frame.tracks {
		s.tracks[t.entry] = t
	}
}

func (s *sampler) askController() {
	into := s.frame.controller
	if into == nil {
		into = new(control.Stats)
	}
	if !s.registry.ControllerStats(into) {
		into = nil
	}
	s.frame.controller = into
}

// read calls fn with the latest frame while there is a past, else with one that
// is taken for it alone.
func (s *sampler) read(fn func(*frame)) {
	now := time.Now()
	if !s.hasPast() {
		once := newSampler(s.registry)
		once.sampleLocked(now)
		fn(&once.frame)
		return
	}
	s.sample(now) // is done already, unless nobody watches or every viewer is late
	s.mu.RLock()
	defer s.mu.RUnlock()
	fn(&s.frame)
}

func (s *sampler) hasPast() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.frame.clock.seq > 0
}
