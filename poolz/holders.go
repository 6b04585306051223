package poolz

import (
	"cmp"
	"slices"
	"time"

	"github.com/otelpool/pool/control"
)

// holder is a stack that has taken objects and not given them back, as far as a
// pool's samples show.
type holder struct {
	Stack     stack   `json:"stack"`
	Samples   int     `json:"samples"`
	Objects   objects `json:"objects"`
	Bytes     size    `json:"bytes"`
	Oldest    moment  `json:"oldest"`
	Estimated bool    `json:"-"` // a sample stands for several objects
}

// keyDepth is the number of frames by which stacks are told apart: all that
// pools of package strategies keep.
const keyDepth = 32

// holdersOf groups a pool's samples by stack, most bytes first. It walks over
// up to some thousand samples under a lock that sampled Gets and Puts need, so
// call it only for the pool that somebody looks at.
func holdersOf(s control.Sampler, now time.Time) []holder {
	index := map[[keyDepth]uintptr]int{}
	var all []holder
	s.Samples(func(x control.Sample) bool {
		var key [keyDepth]uintptr
		copy(key[:], x.Get)
		i, known := index[key]
		if !known {
			i = len(all)
			index[key] = i
			all = append(all, holder{Stack: stack(slices.Clone(x.Get)), Oldest: moment{x.Taken, now}})
		}
		all[i].add(&x)
		return true
	})
	slices.SortFunc(all, func(a, b holder) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), a.Oldest.at.Compare(b.Oldest.at))
	})
	return all
}

func (h *holder) add(x *control.Sample) {
	h.Samples++
	h.Objects += objects(x.Weight)
	h.Bytes += size(x.Weight * x.Size)
	h.Estimated = h.Estimated || x.Weight > 1
	if x.Taken.Before(h.Oldest.at) {
		h.Oldest.at = x.Taken
	}
}
