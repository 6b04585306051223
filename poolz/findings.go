package poolz

import (
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

// of returns a pool's findings, latest first.
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

// findingView is a finding as every format shows it.
type findingView struct {
	Kind       string  `json:"kind"`
	Time       moment  `json:"time"`
	Size       size    `json:"size,omitzero"`
	Held       seconds `json:"held,omitzero"`
	Taken      stack   `json:"taken,omitempty"`
	Put        stack   `json:"put,omitempty"`
	PutWrongly stack   `json:"put_wrongly,omitempty"`
	Detail     string  `json:"detail,omitempty"`
	kind       pool.MisuseKind
}

func (f *finding) view(now time.Time) findingView {
	return findingView{
		Kind: f.Kind.String(), kind: f.Kind, Time: moment{f.at, now}, Size: size(f.Size), Held: seconds(f.Held),
		Taken: stack(f.Get), Put: stack(f.Put), PutWrongly: stack(f.Late), Detail: f.Detail,
	}
}

// What says what happened, to how large an object.
func (f findingView) What() string {
	what := f.Detail
	if what == "" {
		what = f.kind.Description()
	}
	if f.Size > 0 {
		what += ", " + f.Size.String()
	}
	return what
}

// deed is an act on a buffer, and its place.
type deed struct {
	What  string
	Place stack
}

// Deeds are the known places of a finding, in the order of events.
func (f findingView) Deeds() (deeds []deed) {
	late := "put wrongly"
	switch f.kind {
	case pool.MisuseDouble:
		late = "put again"
	case pool.MisuseConfig:
		late = "found"
	}
	put := f.Put
	if f.kind == pool.MisuseSuffix {
		put = nil // it is the wrong one
	}
	for _, d := range []deed{{"taken", f.Taken}, {"put", put}, {late, f.PutWrongly}} {
		if d.Place != nil {
			deeds = append(deeds, d)
		}
	}
	return deeds
}
