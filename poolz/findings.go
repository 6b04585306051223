package poolz

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/otelpool/pool"
)

// mostFindings bounds the reports of misuse kept, of all pools together. A pool
// reports each kind once for each place in the code, so there are few.
const mostFindings = 200

// findings has the misuse that the registry's pools have reported since the
// page was made, watched or not, because they report each only once.
type findings struct {
	mu  sync.Mutex
	all []finding // oldest first
}

// finding is a misuse as every format shows it.
type finding struct {
	Kind       string  `json:"kind"`
	Time       moment  `json:"time"`
	Size       size    `json:"size,omitzero"`
	Held       seconds `json:"held,omitzero"`
	Taken      stack   `json:"taken,omitempty"`
	Put        stack   `json:"put,omitempty"`
	PutWrongly stack   `json:"put_wrongly,omitempty"`
	Detail     string  `json:"detail,omitempty"`
	misuse     pool.Misuse
}

func (f *findings) observe(m pool.Misuse) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) == mostFindings {
		f.all = slices.Delete(f.all, 0, 1)
	}
	f.all = append(f.all, finding{
		Kind: m.Kind.String(), misuse: m, Time: moment{at: time.Now()}, Size: size(m.Size), Held: seconds(m.Held),
		Taken: stack(m.Get), Put: stack(m.Put), PutWrongly: stack(m.Late), Detail: m.Detail,
	})
}

// of returns a pool's findings, latest first.
func (f *findings) of(name string, now time.Time) (found []finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, one := range slices.Backward(f.all) {
		if one.misuse.Pool == name {
			one.Time.now = now
			found = append(found, one)
		}
	}
	return found
}

// What says what happened, to how large an object.
func (f finding) What() string {
	what := f.Detail
	if what == "" {
		what = f.misuse.Kind.Description()
	}
	if f.Size > 0 {
		what += ", " + f.Size.String()
	}
	return what
}

// Places yields the known places, in the order of events, each after what was done there.
func (f finding) Places() iter.Seq2[string, stack] {
	return func(yield func(what string, at stack) bool) {
		f.misuse.Stacks()(func(what string, at pool.Stack) bool { return yield(what, stack(at)) })
	}
}
