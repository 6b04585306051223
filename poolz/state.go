package poolz

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// state sums up a pool in one word; later ones are graver.
type state uint8

const (
	stateClosed state = iota
	stateQuiet
	stateOK
	stateOff
	stateHoarding
	stateWaiting
	stateMissing
	stateRefusing
	stateThrashing
	stateLeaking
	stateMisused
	stateFailed
	numStates = iota
)

var stateNames = [numStates]string{
	"closed",
	"quiet",
	"ok",
	"off",
	"hoarding",
	"waiting",
	"missing",
	"refusing",
	"thrashing",
	"leaking",
	"misused",
	"failed",
}

func (s state) String() string               { return stateNames[s] }
func (s state) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// advice says what to do about a state, and what can look the same.
var advice = [numStates]string{
	stateOff: "Somebody has switched pooling off: see its configuration, or SetMode. Its figures are a plain allocator's.",
	stateHoarding: "Lower its limit or idle age, or let the controller do it: the rest of the program cannot use memory that " +
		"lies idle here.",
	stateWaiting: "Objects are held too long, or there are too few: compare objects in use with the limit, and look for slow holders.",
	stateMissing: "Compare held with the limit: if the pool is full, a larger limit helps; if it is empty, objects are not " +
		"given back or come back in another size.",
	stateRefusing: "Look at the drops by reason: full needs a larger limit or budget; pressure is the controller's work; " +
		"foreign, oversize and undersize are buffers that the pool never handed out in that size.",
	stateThrashing: "It drops objects that it needs again: look at the evictions by reason. Its idle age or limit is too low, or " +
		"memory is short.",
	stateLeaking: "Look for a path that takes an object and does not give it back: an early return, a panic, a goroutine " +
		"that hangs. Holders that became slower look the same for a while.",
	stateFailed: "Its Source is the program's own, and its Stats method fails. If it panics, the JSON's summary has the stack; " +
		"if it hangs, a goroutine dump has it. Other pools are not affected.",
	stateMisused: "Two users may share memory: somebody still uses what they have given back. Mode count or off ends that at " +
		"once, at the price of allocation. The places in the code are below, and in the reports to the registry's OnMisuse.",
}

// mark is a state and the figures that show it.
type mark struct {
	State state  `json:"state"`
	Why   string `json:"why"`
}

func (m mark) Advice() string { return advice[m.State] }

// The limits of what is normal. They are for a person who looks now; alerts that
// wake somebody judge over longer times.
const (
	goodHits     = 0.8
	notable      = 0.1              // share of requests, or of returns
	busy         = 5.0              // requests per second
	leakWatch    = 20 * time.Second // the least time to tell a leak from a burst
	leakObjects  = 8
	hoardWatch   = time.Minute
	hoardedBytes = 1 << 20
)

// judge returns a pool's marks, gravest first, from its recent past. The function of
// each says why, or "" if the mark does not apply.
func judge(t *track, f *frame) []mark {
	if t.stats.Closed {
		return nil
	}
	if t.stats.Failed {
		return []mark{{stateFailed, t.fault(f.at)}}
	}
	if t.mode != control.ModeOn {
		return []mark{{stateOff, "its mode is " + t.mode.String() + ": it allocates for every request and keeps nothing"}}
	}
	marks := []mark{
		{stateMisused, misused(t)},
		{stateLeaking, leaking(t, f)},
		{stateThrashing, thrashing(t)},
		{stateRefusing, refusing(t, f)},
		{stateMissing, missing(t)},
		{stateWaiting, waiting(t, f)},
		{stateHoarding, hoarding(t, f)},
	}
	return slices.DeleteFunc(marks, func(m mark) bool { return m.Why == "" })
}

// fault is why a pool's figures are not known.
func (t *track) fault(now time.Time) string {
	if t.waiting.IsZero() {
		return "it panics when it is asked for its figures"
	}
	return hung("its figures", t.waiting, now)
}

// hung says that a pool does not answer.
func hung(asked string, since, now time.Time) string {
	return fmt.Sprintf("it hangs: it was asked for %s %s and has not answered", asked, moment{since, now})
}

func (t *track) state() state {
	switch {
	case t.stats.Closed:
		return stateClosed
	case len(t.marks) > 0:
		return t.marks[0].State
	case t.stats.Knows.Requests|t.stats.Knows.Returns == 0:
		return stateOK // as far as it tells
	case t.stats.Gets() == 0, t.recent.seconds > 0 && t.recent.requests() == 0 && t.recent.puts == 0:
		return stateQuiet
	}
	return stateOK
}

// misused says that a caller damaged other callers' objects. Foreign objects
// damage nothing, and lost ones count as a leak.
func misused(t *track) string {
	var found []string
	for _, x := range []struct {
		kind        pool.MisuseKind
		what, where string
	}{
		{pool.MisuseDouble, "double Put", ""}, {pool.MisuseWrite, "write", " after Put"},
		{pool.MisuseOverrun, "write", " beyond the end"}, {pool.MisuseSuffix, "Put", " of a part"},
	} {
		if n := t.stats.Misuse[x.kind]; n > 0 {
			found = append(found, plural(n, x.what)+x.where)
		}
	}
	return strings.Join(found, ", ")
}

// leaking says that objects are not given back. It compares the lowest number
// in use in each quarter of the time: a burst comes back down, a leak does not.
// The rise has to be at least twice the deepest fall on the way.
func leaking(t *track, f *frame) string {
	rise := risen(t, f)
	lost := t.stats.Misuse[pool.MisuseLost]
	if lost == 0 {
		return rise
	}
	if rise == "" && t.stats.Knows.Has(pool.KnowsInUse) && t.stats.InUse > 0 {
		rise = count(float64(t.stats.InUse)) + " in use"
	}
	found := fmt.Sprintf("the garbage collector found %s never given back", plural(lost, "object"))
	return strings.TrimPrefix(rise+"; "+found, "; ")
}

// risen says how far the number in use rose, if it rose steadily.
func risen(t *track, f *frame) string {
	if !t.stats.Knows.Has(pool.KnowsInUse) || t.watchedFor(f) < leakWatch {
		return ""
	}
	var q [4]quarter
	var peak, fall float32
	for i := range t.points {
		p := &t.points[i]
		q[i*4/len(t.points)].add(p)
		peak = max(peak, p.inUse)
		fall = max(fall, peak-p.inUse)
	}
	rises := q[0].low < q[1].low && q[1].low < q[2].low && q[2].low < q[3].low
	if !rises || q[3].low-q[0].low < max(leakObjects, 2*fall) || explained(&q[0], &q[3]) {
		return ""
	}
	return fmt.Sprintf("in use rose from %s to %s in %s, and traffic does not explain it",
		count(float64(q[0].low)), count(float64(q[3].low)), duration(t.watchedFor(f)))
}

// quarter is a part of the time watched.
type quarter struct {
	low             float32 // in use
	inUse, requests float32 // sums
	n               float32
}

func (q *quarter) add(p *point) {
	if q.n == 0 || p.inUse < q.low {
		q.low = p.inUse
	}
	q.inUse += p.inUse
	q.requests += p.hits + p.misses + p.other
	q.n++
}

// explained reports whether traffic grew at least as much as the number in use:
// by Little's law both grow alike while holders take the same time. A tenth is
// allowed for chance.
func explained(first, last *quarter) bool {
	before, after := first.requests/first.n, last.requests/last.n
	return after > 1.05*before && last.inUse/last.n*before <= 1.1*first.inUse/first.n*after
}

func thrashing(t *track) string {
	w := &t.recent
	if w.served() < busy || w.evicted < notable*w.served() || w.misses < notable*w.served() {
		return ""
	}
	return fmt.Sprintf("drops %s/s idle objects and misses %s/s", count(w.evicted), count(w.misses))
}

func refusing(t *track, f *frame) string {
	w := &t.recent
	if w.dropped < 1 || w.dropped < notable*w.puts {
		return ""
	}
	return fmt.Sprintf("drops %s of what is given back, most often: %s", percent(w.dropped/w.puts), t.topDrop(f.at))
}

// topDrop is the most frequent recent reason.
func (t *track) topDrop(now time.Time) string {
	lately, _ := t.past.lately(&t.stats, now)
	top := pool.Full
	for r := range pool.ReturnResult(pool.NumReturnResults) {
		if r != pool.Pooled && r != pool.NilReturn && lately.Returns[r] > lately.Returns[top] {
			top = r
		}
	}
	return top.String()
}

func missing(t *track) string {
	w := &t.recent
	if !t.pools() || w.served() < busy || w.hits >= goodHits*w.served() {
		return ""
	}
	why := fmt.Sprintf("%s of %s requests/s find nothing", percent(w.misses/w.served()), count(w.served()))
	// A leak is a miss each time, and takes leakWatch to tell from a burst.
	if kept := w.served() - w.puts; t.stats.Knows.Returns != 0 && kept > w.misses/2 {
		why += fmt.Sprintf("; %s/s more are taken than given back", count(kept))
	}
	return why
}

// pools reports whether the strategy can hit at all.
func (t *track) pools() bool { return t.stats.Knows.Requests.Has(int(hit)) }

func waiting(t *track, f *frame) string {
	lately, since := t.past.lately(&t.stats, f.at)
	switch gaveUp := lately.Requests[pool.RequestTimeout] + lately.Requests[pool.RequestCanceled]; {
	case gaveUp > 0:
		return fmt.Sprintf("%s gave up waiting in the last %s", plural(gaveUp, "caller"), duration(since))
	case t.stats.Knows.Has(pool.KnowsPending) && t.stats.Pending > 0:
		return plural(uint64(t.stats.Pending), "caller") + " waiting now"
	}
	return ""
}

// hoarding says that memory lies unused that could be given back. A pool whose
// strategy leaves that to the collector, or cannot do it, does not hoard.
//
// A sample a second does not show how far a pool is emptied between two
// samples. But a hit uses one idle object, so of the objects that were idle at
// every sample, at least those in excess of the hits lay unused.
func hoarding(t *track, f *frame) string {
	_, resizable := t.entry.Source().(control.Resizable)
	watched := t.watchedFor(f)
	if !resizable || !t.stats.Knows.Has(pool.KnowsIdle|pool.KnowsIdleBytes) || watched < hoardWatch {
		return ""
	}
	low := t.points[0]
	for _, p := range t.points {
		low.idle, low.held = min(low.idle, p.idle), min(low.held, p.held)
	}
	used := t.over(watched, &f.clock).hits * watched.Seconds()
	unused := float64(low.held) * (1 - used/max(float64(low.idle), 1))
	if unused < hoardedBytes || 2*unused < float64(t.stats.IdleBytes) {
		return ""
	}
	return fmt.Sprintf("%s of %s held lay unused for %s", byteSize(int64(unused)), byteSize(t.stats.IdleBytes), duration(watched))
}

// watchedFor is the time between a pool's oldest and its latest sample.
func (t *track) watchedFor(f *frame) time.Duration {
	if len(t.points) == 0 {
		return 0
	}
	return f.clock.at(t.last).Sub(f.clock.at(t.seq(0)))
}
