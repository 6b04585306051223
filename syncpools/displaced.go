//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"cmp"
	"runtime/metrics"
)

// displacement notices that somebody else has registered a function for the
// start of collections. The runtime calls the function registered last, which
// usually calls package sync's and not ours.
type displacement struct {
	by    uintptr // the other's closure; 0 while ours is in place
	since uint64  // number of collections when it was noticed
	epoch uint64
}

// check puts our hook in front of the other, and calls the other from it, once
// a collection has shown that the other does not call ours: two hooks that call
// each other would never end.
func (d *displacement) check(at uintptr) {
	word := wordAt(at)
	switch {
	case word == closure(hook):
		return
	case d.by != word:
		d.by, d.since, d.epoch = word, collections(), epoch()
	case collections() > d.since+1 && epoch() == d.epoch:
		setHook(noted().allPools, ofClosure(word))
	}
}

func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Displaced names the function that was registered for the start of collections
// after the census's, or returns "". The census continues in front of it.
func (s *Census) Displaced() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.foreign.by == 0 {
		return ""
	}
	return cmp.Or(code(pointerTo(s.foreign.by)).Name(), "an unknown function") // a nil Func has the name ""
}
