package adaptive

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// pools is the registry's pools, each at an index of its own for as long as its
// name is in the registry.
type pools []handle

// handle is a pool as the controller sees it.
type handle struct {
	entry   *pool.Entry // nil where the name has gone
	source  pool.Source // nil while it is closed
	tunable control.Tunable
	ager    control.Ager         // if tunable is one
	other   control.Resizable    // if it is not tunable
	stats   pool.Stats           // of other
	deep    control.DepthTunable // if tunable is one
	ages    []idleAges
	early   [2]control.Demand // of the window under way
	told    bool              // there is something in early
	broken  bool              // it panicked: nothing more is asked of it
	back    <-chan struct{}   // of a call that hangs: nothing more is asked before it is closed
	freed   int64             // by the last call
}

// idleAges are what was set in a class.
type idleAges struct {
	age     time.Duration
	base    int64
	byDepth []time.Duration
	due     bool // the pool is to be told
	deepDue bool
}

// meet looks which pools there are.
func (ps *pools) meet(entries []*pool.Entry, s *sample) {
	if !ps.has(entries) {
		ps.update(entries)
	}
	for len(s.Pools) < len(*ps) {
		s.Pools = append(s.Pools, poolSample{})
	}
	for i := range *ps {
		(*ps)[i].meet(&s.Pools[i])
	}
}

// caught is for defer: it ends the panic of a pool's method. The registry reports the
// panic, and the pool is left to itself from then on; the others are sized as before.
func (h *handle) caught(method string) {
	v := recover()
	if v == nil {
		return
	}
	h.entry.Guard(method, func() { panic(v) })
	h.tunable, h.ager, h.deep, h.other, h.broken = nil, nil, nil, nil, true
}

func (h *handle) age(now time.Time) {
	if h.ager != nil {
		defer h.caught("Age")
		h.ager.Age(now)
	}
}

// has reports whether the entries are those of the handles.
func (ps pools) has(entries []*pool.Entry) bool {
	if len(ps) < len(entries) {
		return false
	}
	for i := range ps {
		var want *pool.Entry
		if i < len(entries) {
			want = entries[i]
		}
		if ps[i].entry != want {
			return false
		}
	}
	return true
}

// update puts every entry at its index in the list. A name that went away moves
// those behind it, which then begin anew; names go away only when a thousand
// others have been closed.
func (ps *pools) update(entries []*pool.Entry) {
	for len(*ps) < len(entries) {
		*ps = append(*ps, handle{})
	}
	for i := range *ps {
		var want *pool.Entry
		if i < len(entries) {
			want = entries[i]
		}
		if (*ps)[i].entry != want {
			(*ps)[i] = handle{entry: want}
		}
	}
}

// meet looks whether there is another pool of the name.
func (h *handle) meet(s *poolSample) {
	s.Fresh = false
	var source pool.Source
	if h.entry != nil {
		source = h.entry.Source()
		s.Name = h.entry.Name()
	}
	if source != h.source || h.back != nil && ask.Returned(h.back) {
		h.adopt(source)
		s.Fresh = true
	}
	s.Open = source != nil
}

func (h *handle) observe(now time.Time, s *poolSample) {
	defer h.caught("Demand")
	s.Others = 0
	if h.broken {
		s.Demand.Classes = s.Demand.Classes[:0]
	}
	switch {
	case h.tunable != nil:
		h.tunable.Demand(now, &s.Demand)
		h.addEarly(&s.Demand)
	case h.other != nil:
		h.source.Stats(&h.stats)
		s.Others = h.stats.IdleBytes
		fallthrough
	default:
		s.Demand.Classes = s.Demand.Classes[:0]
	}
}

func (h *handle) adopt(source pool.Source) {
	*h = handle{entry: h.entry, source: source}
	h.tunable, _ = source.(control.Tunable)
	h.ager, _ = source.(control.Ager)
	h.deep, _ = source.(control.DepthTunable)
	if h.tunable == nil {
		h.other, _ = source.(control.Resizable)
	}
}

// takeAges takes over the idle ages that were found, and reports whether any is to be
// set in the pool.
func (h *handle) takeAges(classes []class) (due bool) {
	if h.tunable == nil {
		return false
	}
	for len(h.ages) < len(classes) {
		h.ages = append(h.ages, idleAges{})
	}
	for i := range classes {
		c, a := &classes[i], &h.ages[i]
		age := c.inForce(c.age)
		a.due = age != a.age
		a.age = age
		a.deepDue = h.deep != nil && (a.take(c) || a.due)
		due = due || a.due || a.deepDue
	}
	return due
}

// setAges sets the idle ages that are due.
func (h *handle) setAges() {
	if h.tunable == nil {
		return // since it panicked
	}
	defer h.caught("SetIdleAge")
	for i := range h.ages {
		a := &h.ages[i]
		if a.due {
			h.tunable.SetIdleAge(i, a.age)
		}
		if a.deepDue {
			h.deep.SetIdleAges(i, a.base, a.byDepth)
		}
	}
}

// take takes over the ages of the depths, and reports whether any has changed.
func (a *idleAges) take(c *class) (changed bool) {
	if a.base != c.floor.Least || len(a.byDepth) != len(c.depths) {
		a.base, changed = c.floor.Least, true
	}
	for len(a.byDepth) < len(c.depths) {
		a.byDepth = append(a.byDepth, 0)
	}
	for i := range c.depths {
		if age := c.inForce(c.depths[i].age); age != a.byDepth[i] {
			a.byDepth[i], changed = age, true
		}
	}
	return changed
}

// dropOld drops at once what is older than its idle age. That ends a window twice: a
// pool drops what is old after it has reported its window, and reports the drop in the
// next. Both are part of the window under way.
func (h *handle) dropOld(now time.Time) {
	h.freed = 0
	if h.tunable == nil {
		return
	}
	defer h.caught("Demand")
	for i := range h.early {
		h.tunable.Demand(now, &h.early[i])
	}
	h.told = true
	for i := range h.early[1].Classes {
		c := &h.early[1].Classes[i]
		h.freed += int64(c.Dropped) * c.Size
	}
}

// addEarly adds to a window what was reported of it before its end.
func (h *handle) addEarly(to *control.Demand) {
	if !h.told {
		return
	}
	h.told = false
	for i := range h.early {
		for j := range min(len(h.early[i].Classes), len(to.Classes)) {
			addDemand(&to.Classes[j], &h.early[i].Classes[j])
		}
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
	h.freed = 0
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
	if h.tunable == nil {
		return
	}
	defer h.caught("SetIdleAge")
	for j := range h.ages {
		h.ages[j] = idleAges{}
		h.tunable.SetIdleAge(j, 0)
	}
}
