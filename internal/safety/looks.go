package safety

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// Engine asks for samples.
type Engine interface {
	// Passed returns the requests of a class since the last call, and the time that
	// the pool's Ps spent meanwhile.
	Passed(class int) (requests uint64, spent time.Duration)
}

// looks decides which of the requests that the engine asks about get a stand-in.
// Their cost is paid out of a share of the Ps' time, or perRequest for each request
// if that is less. Half of it goes to requests as they come, and half equally to
// the places in the code that they come from: a place with few requests is sampled
// more often than its number suggests. A place that was never sampled is sampled at
// once, on credit.
//
// One lock guards all its state. It is taken only for samples: at most some
// thousand times a second on a P, whatever the pool does between them.
type looks struct {
	mu      sync.Mutex
	credit  time.Duration // below 0 if too much was spent
	earned  time.Duration // by a look, on average
	sites   map[uint64]site
	looked  int // at all sites; they forget together
	classes []costs
}

// site is a place in the code with its callers, because wrappers call from one
// place. Two sites with the same hash count as one, which is unlikely with fewer
// than four billion.
type site struct {
	passed  uint64 // requests since it was sampled
	looked  int    // times that it was looked at
	sampled bool
}

const (
	siteDepth = 8   // callers that make a site
	maxSites  = 512 // known at a time
	maxLooked = 1 << 12

	lookCost  = 700 * time.Nanosecond
	maxCredit = 10 * time.Millisecond // a second's
	maxDebt   = 2 * maxCredit         // that sites may make that were never sampled
)

// Due reports whether a request that the engine asks about gets a stand-in, and the
// number of requests that this stands for. The site is the caller's caller.
func (w *Watch) Due(class int) (weight int64, due bool) {
	w.inspect()
	if w.Strict {
		return 1, true
	}
	var callers [siteDepth]uintptr
	n := runtime.Callers(3, callers[:])
	key := uint64(class)
	for _, pc := range callers[:n] {
		key = (key ^ uint64(pc)) * 0x9E3779B97F4A7C15
		key ^= key >> 29
	}
	// Before the lock, which the stack and the engine's counters do not need.
	// Requests between two looks count with the later one.
	requests, spent := w.Engine.Passed(class)
	l := &w.looks
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.class(class, w.Classes)
	l.earn(c.gain(requests, spent))
	s := l.visit(key)
	s.passed += requests
	due = w.bytes.Load() < s.mostBytes() && l.affords(c, &s, w.room())
	if due {
		weight, s.passed, s.sampled = int64(max(s.passed, 1)), 0, true
	}
	l.sites[key] = s
	return weight, due
}

// mostBytes is the limit of the stand-ins' bytes for the site to get another.
func (s *site) mostBytes() int64 {
	if s.sampled {
		return sampledMemory
	}
	return newSitesMemory
}

// room is the share of stand-ins that may still go out. It is read without the
// lock, because take checks the limit under it.
func (w *Watch) room() float64 { return 1 - float64(w.out.Load())/sampledOut }

// class returns a class's costs. It makes the list when the first is needed,
// because most pools are never sampled. The caller holds mu, here and below.
func (l *looks) class(i, classes int) *costs {
	if l.classes == nil {
		l.classes = make([]costs, classes)
	}
	return &l.classes[i]
}

// gain is the time that a look of the class, and the requests before it, earn.
func (c *costs) gain(requests uint64, spent time.Duration) time.Duration {
	gain := time.Duration(requests) * perRequest
	if !c.young() {
		gain = min(gain, spent/share)
	}
	return gain - lookCost
}

// earn adds a gain. Unspent credit is kept for a second only: after a quiet hour a
// burst should not get an hour's samples.
func (l *looks) earn(gain time.Duration) {
	l.credit = min(l.credit+gain, maxCredit)
	l.earned += (gain - l.earned) / 16
}

// visit returns the record of a site. If there are too many, it forgets another,
// and adds its requests to this one, so that weights still add up to all requests.
func (l *looks) visit(key uint64) site {
	s, known := l.sites[key]
	if !known {
		if l.sites == nil {
			l.sites = make(map[uint64]site)
		}
		s.passed = l.makeRoom()
	}
	s.looked++
	l.looked++
	l.sites[key] = s
	if l.looked > maxLooked {
		l.forget()
	}
	return l.sites[key]
}

// makeRoom forgets a site if there are too many, and returns its requests. The map
// chooses which: finding the least used would take a walk, and in a program with
// more than maxSites places no place matters more than others.
func (l *looks) makeRoom() (passed uint64) {
	if len(l.sites) < maxSites {
		return 0
	}
	for key, s := range l.sites {
		l.looked -= s.looked
		delete(l.sites, key)
		return s.passed
	}
	return 0
}

// forget halves the looks of all sites, so that a place that was busy an hour ago
// does not count as looked at for ever. It rounds up, because a known site was
// looked at.
func (l *looks) forget() {
	l.looked = 0
	for key, s := range l.sites {
		s.looked = (s.looked + 1) / 2
		l.sites[key] = s
		l.looked += s.looked
	}
}

// affords decides about a request, and pays for the stand-in. It pays the average
// cost so far: the cost of this one is known only when it has come back, and counts
// in the next decision.
func (l *looks) affords(c *costs, s *site, room float64) bool {
	cost := c.sample()
	due := !s.sampled && l.credit > -maxDebt
	if s.sampled {
		evenly := float64(l.looked) / float64(len(l.sites)*s.looked)
		saved := 1 + float64(l.credit)/float64(maxCredit)
		chance := float64(l.earned) / float64(cost) * saved * (1 + evenly) / 2 * room
		due = rand.Float64() < chance
	}
	if due {
		l.credit -= cost
	}
	return due
}
