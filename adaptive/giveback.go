package adaptive

import (
	"cmp"
	"math"
	"time"

	"github.com/otelpool/pool/control"
)

const (
	// largeTrim is the least bytes for which a trim is worth a collection.
	largeTrim = 8 << 20
	// betweenForced is the least time between two collections asked for at one
	// level: they cost as much as the pressure they fight.
	betweenForced = 10 * time.Second
	// 1/worthwhileShare of the heap has to be garbage of ours for a collection at any
	// time. GOGC=100 waits for all of it, so these collections cost at most four times
	// what the runtime's own do.
	worthwhileShare = 4
	// dear is how many times its own duration has to pass after a forced collection before
	// the next: they take at most a hundredth of the time.
	dear = 100
	// 1/othersShare of a control group's limit has to be used beside the Go runtime's
	// memory for the group to count as shared: a Go process's binary, page tables and
	// sockets are less.
	othersShare = 8
)

// giveBack is a way to turn dropped objects into free memory.
type giveBack uint8

const (
	wait    giveBack = iota // the runtime will see to it
	collect                 // the process can use it again
	release                 // everybody can: the runtime keeps what one collection freed until after the next
)

// garbage is what the pools dropped and no collection has freed yet.
type garbage struct {
	bytes  int64
	step   int64  // of them, those dropped under pressure
	fitted int64  // those that the run before dropped at once: the pools tell of them in this run
	asked  int64  // bytes for whose sake the run before asked for a collection
	again  bool   // it did so for the second time
	cycles uint64 // collections at the last sample

	collected time.Duration // when the last one was seen
	every     time.Duration // how long they are apart; 0 if it is not known

	forced   time.Duration
	took     time.Duration // by the last one that was asked for
	hasForce bool          // a collection was asked for since the level was entered
	shared   bool          // others could use what is given back
	alone    bool          // the runtime has no memory limit of its own, or one above what there is
	grows    bool          // and means to let the heap grow to where memory becomes short
}

// see adds what was dropped since the run before, and forgets what a collection
// has freed. Who gives many objects back may refer to them for a while: if a
// collection that was asked for left them in the heap, they are garbage that no
// collection has seen, once.
func (g *garbage) see(p *policy, s *sample) {
	h := &s.Reading.Heap
	collected := h.Cycles != g.cycles
	if collected {
		if g.cycles > 0 && h.Cycles > g.cycles {
			g.every = (s.At - g.collected) / time.Duration(h.Cycles-g.cycles)
		}
		g.bytes, g.step, g.cycles, g.collected = 0, 0, h.Cycles, s.At
	}
	dropped, refused := lost(s)
	dropped = max(dropped-g.fitted, 0)
	g.bytes += dropped + refused
	if p.pressure.level > control.PressureNone {
		g.step += dropped
	}
	left := collected && g.asked > 0 && !g.again && h.Live >= g.asked && p.outgrows(h, p.c.Levels.High.Enter)
	if left {
		g.bytes += g.asked
	}
	g.again, g.asked = left, 0
	g.took = cmp.Or(s.Reading.Spent, g.took)
	g.shared = shared(&s.Reading)
	g.alone = p.unbounded(h)
	g.grows = p.outgrows(h, p.c.Levels.Elevated.Enter)
}

// add takes in what was dropped at once in this run.
func (g *garbage) add(freed int64, pressed bool) {
	g.bytes, g.fitted = g.bytes+freed, freed
	if pressed {
		g.step += freed
	}
}

// wait is how long a collection can be expected to be in coming.
func (g *garbage) wait(c *Config) time.Duration {
	if c.ForceGC != ForceGCNever && (g.shared || g.alone || c.ForceGC == ForceGCAlways) || g.every == 0 {
		return c.PressureInterval // it is asked for
	}
	return min(max(g.every, c.PressureInterval), c.Dwell)
}

// lost is the bytes that the pools dropped, and did not take back, since the sample
// before.
func lost(s *sample) (dropped, refused int64) {
	for i := range s.Pools {
		for j := range s.Pools[i].Demand.Classes {
			d := &s.Pools[i].Demand.Classes[j]
			dropped += int64(d.Dropped) * d.Size
			refused += int64(d.Refused) * d.Size
		}
	}
	return dropped, refused
}

// shared reports whether others would have use for memory that the runtime returns:
// they are in the group that is nearest to its limit, or soon will be, or the
// kernel slows us down for what the group has.
func shared(r *Reading) bool {
	g := &r.Cgroup
	if !g.HasSet() || !r.Heap.OK() {
		return false
	}
	others := g.TightSet - r.Heap.Footprint + g.Soon()
	return others > g.TightMax/othersShare || g.High != NoLimit
}

// room is what is left in the group that is nearest to its limit.
func room(r *Reading) int64 {
	if !r.Cgroup.HasSet() {
		return math.MaxInt64
	}
	return r.Cgroup.TightMax - r.Cgroup.TightSet
}

// giveBack decides how what was dropped is to be memory again. Without a memory
// limit the runtime may let the heap double first, and be killed; with one it
// collects in time for itself, but returns nothing to others.
func (p *policy) giveBack(s *sample) giveBack {
	how := p.returns(s)
	if how != wait {
		g := &p.garbage
		g.forced, g.hasForce, g.asked, g.bytes = s.At, true, g.bytes, 0
	}
	return how
}

// returns decides whether a collection is forced, and for whom: the process or everybody.
func (p *policy) returns(s *sample) giveBack {
	h, g := &s.Reading.Heap, &p.garbage
	if p.c.ForceGC == ForceGCNever || p.c.ForceGC == ForceGCAuto && !h.OK() {
		return wait
	}
	rested := !g.hasForce || s.At-g.forced >= max(betweenForced, dear*g.took)
	outgrows := p.outgrows(h, p.c.Levels.High.Enter)
	worthwhile := g.bytes >= max(h.Live/worthwhileShare, largeTrim)
	short := room(&s.Reading) < g.bytes
	pressed := short || p.pressure.level >= control.PressureHigh
	switch {
	case pressed && g.shared && (worthwhile || rested) && (g.bytes+h.Free >= largeTrim || p.doubtful(&s.Reading)):
		return release
	case g.bytes < largeTrim, p.c.ForceGC == ForceGCAuto && !g.alone && !short:
		return wait
	case (outgrows || short) && worthwhile, (pressed || outgrows) && rested:
		return collect
	}
	return wait
}

// doubtful reports whether much was allocated since the last collection, or much of what
// room there is. Where others need the memory it pays to find out what of that is
// garbage, whoever's: a few MiB decide who is killed.
func (p *policy) doubtful(r *Reading) bool {
	return !p.futile && r.Heap.Young() >= min(largeTrim, room(r)/worthwhileShare)
}

// urgent reports whether to look again soon: memory is short, or nothing but us
// keeps garbage from making it short between two looks.
func (p *policy) urgent() bool {
	return p.pressure.level > control.PressureNone || p.garbage.grows && p.c.ForceGC != ForceGCNever
}

// unbounded reports whether nothing keeps the runtime from letting the heap grow beyond
// what there is: it knows of no limit, or of one that was right before the control
// group's shrank.
func (p *policy) unbounded(h *HeapReading) bool {
	return h.OK() && h.Limit >= p.memory.cgroup
}

// outgrows reports whether the runtime means to let the heap grow to a share of the
// limit before it collects. It does not stop there exactly: a burst of allocations
// runs on while the collection is under way.
func (p *policy) outgrows(h *HeapReading, share float64) bool {
	if !p.unbounded(h) || p.memory.limit == NoLimit {
		return false
	}
	return float64(h.Goal+h.Used()-h.Live) > share*float64(p.memory.limit)
}
