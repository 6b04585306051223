package adaptive

import (
	"log/slog"
	"maps"
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
	pools    pools
	samples  []poolSample
	states   []poolState
	reserved map[string]int64
}

func newRound(like round) *round {
	r := &like
	r.each = func(i int) { r.call(r, i) }
	return r
}

// asked is what a controller has of its rounds.
type asked struct {
	round  *round
	leave  func(i int, back <-chan struct{}) func(i int)
	caller ask.Caller
	budget <-chan struct{} // closed when a Reclaim that hangs has returned
	left   []string        // what hangs, until it is told
}

// patience is what a pool has to return from a call: more than the kernel stalls one
// that lets memory go when there is none left, for a pool that is left is learned anew.
const patience = 2 * time.Second

func (ctl *Controller) initAsked() {
	ctl.asked.round = newRound(round{})
	ctl.asked.caller.Patience = patience
	ctl.asked.leave = ctl.leave
}

// each makes n calls in a round of what the controller has now.
func (ctl *Controller) each(n int, call func(*round, int)) {
	r := ctl.asked.round
	r.call, r.now = call, ctl.clock.time()
	r.pools, r.samples, r.states = ctl.pools, ctl.sample.Pools, ctl.policy.pools
	ctl.asked.caller.Do(n, r.each, ctl.asked.leave)
}

// leave leaves a pool to the call of it that hangs, and returns the call for the
// others: with copies of what that one can touch.
func (ctl *Controller) leave(i int, back <-chan struct{}) func(i int) {
	i %= len(ctl.pools) // see ask
	h, s := &ctl.pools[i], &ctl.sample.Pools[i]
	ctl.pools = replaced(ctl.pools, i, handle{entry: h.entry, source: h.source, back: back})
	ctl.sample.Pools = replaced(ctl.sample.Pools, i, poolSample{Name: s.Name, Open: s.Open, Fresh: s.Fresh})
	if i < len(ctl.policy.pools) {
		ctl.policy.pools = replaced(ctl.policy.pools, i, poolState{name: s.Name, open: s.Open})
	}
	ctl.asked.left = append(ctl.asked.left, s.Name)
	r := newRound(*ctl.asked.round)
	r.pools, r.samples, r.states = ctl.pools, ctl.sample.Pools, ctl.policy.pools
	r.reserved = maps.Clone(r.reserved)
	ctl.asked.round = r
	return r.each
}

// replaced is a copy of a list with another value at i, at whose old one it does not look.
func replaced[E any](list []E, i int, by E) []E {
	all := make([]E, len(list))
	copy(all[:i], list[:i])
	copy(all[i+1:], list[i+1:])
	all[i] = by
	return all
}

// ask fills in the sample's pools. All age before the first is read.
func (ctl *Controller) ask() {
	ctl.asked.round.reserved = ctl.c.Reserved
	ctl.each(2*len(ctl.pools), (*round).observe)
}

func (r *round) observe(i int) {
	n := len(r.pools)
	if i < n {
		r.pools[i].age(r.now)
		return
	}
	h, s := &r.pools[i-n], &r.samples[i-n]
	if bytes, ok := r.reserved[s.Name]; ok && s.Fresh {
		h.reserve(bytes)
	}
	h.observe(r.now, s)
}

// setAges sets the idle ages that changed: in calm, hardly ever any.
func (ctl *Controller) setAges() {
	due := false
	for i := range ctl.pools {
		due = ctl.pools[i].takeAges(ctl.policy.pools[i].classes) || due
	}
	if due {
		ctl.each(len(ctl.pools), (*round).setAges)
	}
}

func (r *round) setAges(i int) { r.pools[i].setAges() }
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
	ctl.asked.round.reserved = bytes
	ctl.each(len(ctl.pools), (*round).reserve)
}

// drop makes calls that drop, and returns the bytes.
func (ctl *Controller) drop(call func(*round, int)) (freed int64) {
	ctl.each(len(ctl.pools), call)
	for i := range ctl.pools {
		freed += ctl.pools[i].freed
	}
	return freed
}

// reclaim makes what is charged to the budget fit its limit. The pools that it asks
// are the program's as well.
func (ctl *Controller) reclaim() int64 {
	if !ask.Returned(ctl.asked.budget) {
		return 0
	}
	var got struct {
		freed    int64
		panicked any
	}
	b, hangs := ctl.budget, false
	ctl.asked.caller.Do(1, func(int) {
		defer func() { got.panicked = recover() }()
		got.freed = b.Reclaim()
	}, func(_ int, back <-chan struct{}) func(int) {
		hangs, ctl.asked.budget = true, back
		ctl.asked.left = append(ctl.asked.left, "one of the budget's")
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

// tellLeft says which pools hang.
func (ctl *Controller) tellLeft(names []string) {
	for _, name := range names {
		ctl.warn("a pool does not return from a call, and is left to itself until it does", slog.String("pool", name))
	}
}
