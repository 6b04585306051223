package poolz

import (
	"slices"
	"sync"
	"time"

	"github.com/otelpool/pool"
)

// mostFindings is how many reports of misuse are kept, of all pools together. A
// pool reports each kind once for each place in the code, so there are few.
const mostFindings = 200

// findings is what the registry's pools have told of misuse since the page was
// made, watched or not: each is told once.
type findings struct {
	mu  sync.Mutex
	all []finding // oldest first
}

type finding struct {
	at time.Time
	pool.Misuse
}

func (f *findings) observe(m pool.Misuse) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == mostFindings {
		f.all = slices.Delete(f.all, 0, 1)
	}
	f.all = append(f.all, finding{time.Now(), m})
}

// of is what was found of a pool, latest first.
func (f *findings) of(name string) (found []finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range slices.Backward(f.all) {
		if one.Pool == name {
			found = append(found, one)
		}
	}
	return found
}

// deeds are the places of a finding that are known, in the order of events.
func (f *finding) deeds() (deeds []deed) {
	late := "put wrongly"
	switch f.Kind {
	case pool.MisuseDouble:
		late = "put again"
	case pool.MisuseConfig:
		late = "found"
	}
	put := f.Put
	if f.Kind == pool.MisuseSuffix {
		put = nil // it is the wrong one
	}
	for _, s := range []deed{{"taken", f.Get}, {"put", put}, {late, f.Late}} {
		if s.stack != nil {
			deeds = append(deeds, s)
		}
	}
	return deeds
}

// deed is what was done to a buffer, and where.
type deed struct {
	What  string
	stack pool.Stack
}

// Place is where, for people.
func (s deed) Place() string { return place(s.stack) }
