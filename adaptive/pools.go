package adaptive

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// handle is a pool as the controller sees it.
type handle struct {
	entry   *pool.Entry // nil where the name has gone
	source  pool.Source // nil while it is closed
	tunable control.Tunable
	other   control.Resizable // if it is not tunable
	stats   pool.Stats        // of other
	ages    []idleAges
	early   [2]control.Demand // what was reported of the window under way
	back    <-chan struct{}   // of a call that hangs: nothing more is asked before it is closed
	freed   int64             // by a call, until it is counted
}

// idleAges are what was set in a class.
type idleAges struct {
	age     time.Duration
	base    int64
	byDepth []time.Duration
}

// meet looks which pools there are, and puts every entry at its index in the list. A
// name that went away moves those behind it, which then begin anew; names go away only
// when a thousand others have been closed.
func (ctl *Controller) meet(entries []*pool.Entry) {
	ctl.pools, ctl.sample.Pools = atLeast(ctl.pools, len(entries)), atLeast(ctl.sample.Pools, len(entries))
	for i := range ctl.pools {
		h := &ctl.pools[i]
		var entry *pool.Entry
		if i < len(entries) {
			entry = entries[i]
		}
		if h.entry != entry {
			*h = handle{entry: entry}
		}
		h.meet(&ctl.sample.Pools[i])
	}
}

// atLeast is a list with n elements, or as many more as it has.
func atLeast[T any](list []T, n int) []T { return append(list, make([]T, max(n-len(list), 0))...) }

// caught is for defer: it ends the panic of a pool's method. The registry reports the
// panic, and the pool is left to itself from then on; the others are sized as before.
func (h *handle) caught(method string) {
	v := recover()
	if v == nil {
		return
	}
	h.entry.Guard(method, func() { panic(v) })
	h.tunable, h.other, h.ages = nil, nil, nil
}

func (h *handle) age(now time.Time) {
	if ager, ok := h.tunable.(control.Ager); ok {
		defer h.caught("Age")
		ager.Age(now)
	}
}

// meet looks whether there is another pool of the name.
func (h *handle) meet(s *poolSample) {
	var source pool.Source
	if h.entry != nil {
		source = h.entry.Source()
		s.Name = h.entry.Name()
	}
	s.Open = source != nil
	s.Fresh = source != h.source || h.back != nil && ask.Returned(h.back)
	if s.Fresh {
		*h = handle{entry: h.entry, source: source}
		h.tunable, _ = source.(control.Tunable)
		if h.tunable == nil {
			h.other, _ = source.(control.Resizable)
		}
	}
}

func (h *handle) observe(now time.Time, s *poolSample) {
	defer h.caught("Demand")
	s.Others = 0
	if h.tunable != nil {
		h.tunable.Demand(now, &s.Demand)
		h.addEarly(&s.Demand)
		return
	}
	s.Demand.Classes = s.Demand.Classes[:0]
	if h.other != nil {
		h.source.Stats(&h.stats)
		s.Others = h.stats.IdleBytes
	}
}

// setAges sets the idle ages that changed, but none below the least: in calm, hardly
// ever any.
func (h *handle) setAges(classes []class, least time.Duration) {
	if h.tunable == nil {
		return
	}
	defer h.caught("SetIdleAge")
	h.ages = atLeast(h.ages, len(classes))
	deep, _ := h.tunable.(control.DepthTunable)
	for i := range classes {
		c, a := &classes[i], &h.ages[i]
		age := max(c.age, least)
		changed := age != a.age
		if changed {
			a.age = age
			h.tunable.SetIdleAge(i, age)
		}
		if deep != nil && (a.take(c, least) || changed) {
			deep.SetIdleAges(i, a.base, a.byDepth)
		}
	}
}

// take takes over the ages of the depths, and reports whether any has changed.
func (a *idleAges) take(c *class, least time.Duration) (changed bool) {
	changed = a.base != c.floor.Least
	a.base = c.floor.Least
	a.byDepth = atLeast(a.byDepth, len(c.depths))
	for i := range c.depths {
		if age := max(c.depths[i].age, least); age != a.byDepth[i] {
			a.byDepth[i], changed = age, true
		}
	}
	return changed
}

// dropOld drops at once what is older than its idle age. That ends a window twice: a
// pool drops what is old after it has reported its window, and reports the drop in the
// next. Both are part of the window under way.
func (h *handle) dropOld(now time.Time) {
	if h.tunable == nil {
		return
	}
	defer h.caught("Demand")
	for i := range h.early {
		h.tunable.Demand(now, &h.early[i])
	}
	for i := range h.early[1].Classes {
		c := &h.early[1].Classes[i]
		h.freed += int64(c.Dropped) * c.Size
	}
}

// addEarly adds to a window what was reported of it before its end.
func (h *handle) addEarly(to *control.Demand) {
	for i := range h.early {
		early := h.early[i].Classes
		for j := range min(len(early), len(to.Classes)) {
			addDemand(&to.Classes[j], &early[j])
		}
		h.early[i].Classes = early[:0]
	}
}

func addDemand(to, d *control.ClassDemand) {
	to.Gets += d.Gets
	to.Misses += d.Misses
	to.Regrets += d.Regrets
	to.Refused += d.Refused
	to.Dropped += d.Dropped
	to.LowWater = min(to.LowWater, d.LowWater)
	to.IdleSeconds += d.IdleSeconds
	to.DroppedSeconds += d.DroppedSeconds
	for bin := range d.Held {
		to.Held[bin] += d.Held[bin]
		to.Gone[bin] += d.Gone[bin]
	}
}

// trim drops what a pool that cannot tell its demand has not used lately.
func (h *handle) trim(u *unused) {
	if h.other != nil && u.before > 0 {
		defer h.caught("Trim")
		h.freed = h.other.Trim(u.take())
	}
}

// reserve sets the pool's reserve, if it can have one: the others' is for those who
// made them to set.
func (h *handle) reserve(bytes int64) {
	if h.tunable != nil {
		defer h.caught("SetReserve")
		h.tunable.SetReserve(bytes)
	}
}

// letGo leaves the pool to its own idle ages.
func (h *handle) letGo() {
	defer h.caught("SetIdleAge")
	for j := range h.ages {
		h.ages[j] = idleAges{}
		h.tunable.SetIdleAge(j, 0)
	}
}
