package safety

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"time"
)

// Engine asks for samples.
type Engine interface {
	// Passed is the requests of a class since it was called last, and the time that
	// the pool's Ps spent meanwhile.
	Passed(class int) (requests uint64, spent time.Duration)
}

// looks decides which of the requests that the engine asks about get a stand-in.
// What that costs is paid out of a share of the Ps' time. Half of it goes to requests
// as they come, and half to the places in the code that they come from, to each
// alike: one that makes few requests is sampled more often than its number says.
// A place that was never sampled is at once, on credit.
type looks struct {
	mu      sync.Mutex
	credit  time.Duration // below 0 if too much was spent
	earned  time.Duration // by a look, on average
	sites   map[uint64]site
	looked  int // at all sites; they forget together
	classes []costs
}

// site is a place in the code, and the way there: wrappers call from one place.
type site struct {
	passed  uint64 // requests since it was sampled
	looked  int    // how often
	sampled bool
}

const (
	siteDepth = 8   // callers that make a site
	maxSites  = 512 // known at a time
	maxLooked = 1 << 12

	lookCost  = 700 * time.Nanosecond
	maxCredit = 10 * time.Millisecond // a second's
	maxDebt   = 2 * maxCredit         // that sites may make that were never sampled
	mostOften = 0.25                  // of looks get a stand-in, beyond the first
)

// Due tells whether a request that the engine asks about is to have a stand-in, and
// for how many requests that stands. Its caller's caller is who is looked at.
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
	requests, spent := w.Engine.Passed(class)
	l := &w.looks
	l.mu.Lock()
	defer l.mu.Unlock()
	l.earn(spent)
	s := l.visit(key)
	s.passed += requests
	due = w.bytes.Load() < s.mostBytes() && l.affords(l.class(class, w.Classes), &s, w.room())
	if due {
		weight, s.passed, s.sampled = int64(max(s.passed, 1)), 0, true
	}
	l.sites[key] = s
	return weight, due
}

// mostBytes is what stand-ins may come to for the site to have another.
func (s *site) mostBytes() int64 {
	if s.sampled {
		return sampledMemory
	}
	return newSitesMemory
}

// room is the share of stand-ins that may still go out.
func (w *Watch) room() float64 { return 1 - float64(w.out.Load())/sampledOut }

// class is a class's costs; the list is made when the first is needed.
func (l *looks) class(i, classes int) *costs {
	if l.classes == nil {
		l.classes = make([]costs, classes)
	}
	return &l.classes[i]
}

// earn adds what a look, and the time before it, bring.
func (l *looks) earn(spent time.Duration) {
	gain := spent/share - lookCost
	l.credit = min(l.credit+gain, maxCredit)
	l.earned += (gain - l.earned) / 16
}

// visit is what is known of a site. If there are too many another is forgotten, and
// this one stands for its requests.
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

// makeRoom forgets a site if there are too many, and returns its requests.
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

// forget has all sites remember half as many looks.
func (l *looks) forget() {
	l.looked = 0
	for key, s := range l.sites {
		s.looked = (s.looked + 1) / 2
		l.sites[key] = s
		l.looked += s.looked
	}
}

// affords decides about a request, and pays for the stand-in.
func (l *looks) affords(c *costs, s *site, room float64) bool {
	if c.young() {
		return true
	}
	cost := c.sample()
	due := !s.sampled && l.credit > -maxDebt
	if s.sampled {
		evenly := float64(l.looked) / float64(len(l.sites)*s.looked)
		saved := 1 + float64(l.credit)/float64(maxCredit)
		chance := float64(l.earned) / float64(cost) * saved * (1 + evenly) / 2 * room
		due = rand.Float64() < min(chance, mostOften)
	}
	if due {
		l.credit -= cost
	}
	return due
}
