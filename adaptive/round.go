package adaptive

import (
	"log/slog"
	"slices"
	"time"

	"github.com/otelpool/pool/internal/ask"
)

// round is all that the calls of the pools' methods touch. These are the program's
// code, and made on a goroutine beside the run's, which goes on without a pool that
// hangs: the round is then left to that goroutine, with the pool's handle, its sample
// and what the policy knows of it, and the others' calls go on in a new one. Nothing
// more is asked of the pool before its call has returned; then it is learned anew.
type round struct {
	call     func(r *round, i int)
	each     func(i int) // call of this round; made once, so that a step allocates nothing
	now      time.Time
	pools    []handle
	samples  []poolSample
	states   []poolState
	leastAge time.Duration
	reserved map[string]int64
}

func newRound(like round) *round {
	r := &like
	r.each = func(i int) { r.call(r, i) }
	return r
}

// patience is what a pool has to return from a call: more than the kernel stalls one
// that lets memory go when there is none left, for a pool that is left is learned anew.
const patience = 2 * time.Second

// each makes a call for each pool, in a round of what the controller has now.
func (ctl *Controller) each(call func(*round, int)) {
	r := ctl.round
	r.call, r.now, r.leastAge = call, ctl.clock.time(), ctl.policy.leastAge
	r.pools, r.samples, r.states = ctl.pools, ctl.sample.Pools, ctl.policy.pools
	ctl.caller.Do(len(ctl.pools), r.each, ctl.leaving)
}

// leave leaves a pool to the call of it that hangs, and returns the call for the
// others: with copies of what that one can touch.
func (ctl *Controller) leave(i int, back <-chan struct{}) func(i int) {
	h, s := &ctl.pools[i], &ctl.sample.Pools[i]
	ctl.pools = replaced(ctl.pools, i, handle{entry: h.entry, source: h.source, back: back})
	ctl.sample.Pools = replaced(ctl.sample.Pools, i, poolSample{Name: s.Name, Open: s.Open, Fresh: s.Fresh})
	if i < len(ctl.policy.pools) {
		ctl.policy.pools = replaced(ctl.policy.pools, i, poolState{})
	}
	ctl.hangs(s.Name)
	r := newRound(*ctl.round)
	r.pools, r.samples, r.states = ctl.pools, ctl.sample.Pools, ctl.policy.pools
	ctl.round = r
	return r.each
}

// replaced is a copy of a list with another value at i, at whose old one it does not look.
func replaced[E any](list []E, i int, by E) []E { return slices.Concat(list[:i], []E{by}, list[i+1:]) }

// ask fills in the sample's pools. All age before the first is read.
func (ctl *Controller) ask() {
	ctl.round.reserved = ctl.c.Reserved
	ctl.each((*round).age)
	ctl.each((*round).observe)
}

func (r *round) observe(i int) {
	h, s := &r.pools[i], &r.samples[i]
	if bytes, ok := r.reserved[s.Name]; ok && s.Fresh {
		h.reserve(bytes)
	}
	h.observe(r.now, s)
}

func (r *round) age(i int)     { r.pools[i].age(r.now) }
func (r *round) setAges(i int) { r.pools[i].setAges(r.states[i].classes, r.leastAge) }
func (r *round) dropOld(i int) { r.pools[i].dropOld(r.now) }
func (r *round) trim(i int)    { r.pools[i].trim(&r.states[i].unused) }
func (r *round) letGo(i int)   { r.pools[i].letGo() }

func (r *round) reserve(i int) {
	if bytes, ok := r.reserved[r.samples[i].Name]; ok && r.samples[i].Open {
		r.pools[i].reserve(bytes)
	}
}

// reserve sets the reserves of the pools of these names.
func (ctl *Controller) reserve(bytes map[string]int64) {
	ctl.round.reserved = bytes
	ctl.each((*round).reserve)
}

// drop makes calls that drop, and returns the bytes.
func (ctl *Controller) drop(call func(*round, int)) (freed int64) {
	ctl.each(call)
	for i := range ctl.pools {
		freed += ctl.pools[i].freed
		ctl.pools[i].freed = 0
	}
	return freed
}

// reclaim makes what is charged to the budget fit its limit. The pools that it asks
// are the program's as well.
func (ctl *Controller) reclaim() int64 {
	if !ask.Returned(ctl.reclaiming) {
		return 0
	}
	var got struct {
		freed    int64
		panicked any
	}
	b, hangs := ctl.c.Budget, false
	ctl.caller.Do(1, func(int) {
		defer func() { got.panicked = recover() }()
		got.freed = b.Reclaim()
	}, func(_ int, back <-chan struct{}) func(int) {
		hangs, ctl.reclaiming = true, back
		ctl.hangs("one of the budget's")
		return nil
	})
	switch {
	case hangs: // and got is its
		return 0
	case got.panicked != nil:
		panic(got.panicked) // as if it had been called here
	}
	return got.freed
}

// hangs has it said that a pool hangs.
func (ctl *Controller) hangs(name string) {
	ctl.warnings = append(ctl.warnings, func() {
		ctl.warn("a pool does not return from a call, and is left to itself until it does", slog.String("pool", name))
	})
}
