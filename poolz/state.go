package poolz

import (
	"fmt"
	"time"

	"github.com/otelpool/pool"
)

// state is how a pool is, in one word; the graver the later.
type state uint8

const (
	stateClosed state = iota
	stateQuiet
	stateOK
	stateHoarding
	stateWaiting
	stateMissing
	stateRefusing
	stateThrashing
	stateLeaking
	numStates = iota
)

var stateNames = [numStates]string{"closed", "quiet", "ok", "hoarding", "waiting", "missing", "refusing", "thrashing", "leaking"}

func (s state) String() string { return stateNames[s] }

// advice is what to do about a state, and what else looks like it.
var advice = [numStates]string{
	stateHoarding:  "Lower its limit, or let the controller: what lies unused is memory that the rest of the program cannot have.",
	stateWaiting:   "Objects are held too long, or there are too few: compare what is in use with the limit, and look for slow holders.",
	stateMissing:   "Compare held with the limit: if it is full, a larger limit helps; if it is empty, objects are not given back or come back in another size.",
	stateRefusing:  "Look at the drops by reason: full wants a larger limit or budget; foreign, oversize and undersize are buffers that the pool never handed out in that size.",
	stateThrashing: "It lets go of what it needs again: look at the evictions by reason. Idle age or limit are too low, or memory is short.",
	stateLeaking:   "Look for a path that takes an object and does not give it back: an early return, a panic, a goroutine that hangs. Holders that became slower look the same for a while.",
}

// mark is a state and the figures that show it.
type mark struct {
	state state
	why   string
}

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

// rules judge a pool from its recent past, gravest first. Each says why, or ""
// if it does not apply.
var rules = []struct {
	state state
	why   func(t *track, f *frame) string
}{
	{stateLeaking, leaking},
	{stateThrashing, thrashing},
	{stateRefusing, refusing},
	{stateMissing, missing},
	{stateWaiting, waiting},
	{stateHoarding, hoarding},
}

// judge is what is wrong with a pool, gravest first.
func judge(t *track, f *frame) (marks []mark) {
	if t.stats.Closed {
		return nil
	}
	for _, r := range rules {
		if why := r.why(t, f); why != "" {
			marks = append(marks, mark{r.state, why})
		}
	}
	return marks
}

func (t *track) state() state {
	switch {
	case t.stats.Closed:
		return stateClosed
	case len(t.marks) > 0:
		return t.marks[0].state
	case t.stats.Gets() == 0, t.recent.seconds > 0 && t.recent.requests() == 0 && t.recent.puts == 0:
		return stateQuiet
	}
	return stateOK
}

// leaking says that objects are not given back. What is in use is taken by its
// lowest in each quarter of the time: bursts come back down, a leak does not.
// The rise has to stand out from how much a quarter varies, whatever the height.
func leaking(t *track, f *frame) string {
	if t.stats.Lost > 0 {
		return fmt.Sprintf("the garbage collector found %s that were never given back", plural(t.stats.Lost, "object"))
	}
	n := t.points()
	if !t.stats.Knows.Has(pool.KnowsInUse) || t.watchedFor(f) < leakWatch {
		return ""
	}
	var q [4]quarter
	for i := range n {
		q[i*4/n].add(t.at(i))
	}
	rise, noise := q[3].low-q[0].low, float32(0)
	for i := range q {
		noise = max(noise, q[i].high-q[i].low)
		if i > 0 && q[i].low <= q[i-1].low {
			return ""
		}
	}
	if rise < leakObjects || rise < 2*noise || explained(&q[0], &q[3]) {
		return ""
	}
	return fmt.Sprintf("in use rose from %s to %s in %s, and traffic does not explain it",
		count(float64(q[0].low)), count(float64(q[3].low)), duration(t.watchedFor(f)))
}

// quarter is a part of the time watched.
type quarter struct {
	low, high       float32 // in use
	inUse, requests float32 // sums
	n               float32
}

func (q *quarter) add(p *point) {
	if q.n == 0 {
		q.low, q.high = p.inUse, p.inUse
	}
	q.low, q.high = min(q.low, p.inUse), max(q.high, p.inUse)
	q.inUse += p.inUse
	q.requests += p.hits + p.misses + p.other
	q.n++
}

// explained tells whether traffic grew, and what is in use no more than that: by
// Little's law the two go together while holders take the same time. A tenth is
// for chance.
func explained(first, last *quarter) bool {
	before, after := first.requests/first.n, last.requests/last.n
	return after > 1.05*before && last.inUse/last.n*before <= 1.1*first.inUse/first.n*after
}

func thrashing(t *track, _ *frame) string {
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
	return fmt.Sprintf("drops %s of what is given back, mostly because it is %s", percent(w.dropped/w.puts), t.topDrop(f.at))
}

// topDrop is the most frequent reason of late.
func (t *track) topDrop(now time.Time) string {
	lately, _ := t.lately(now)
	top := pool.Full
	for r := range pool.ReturnResult(pool.NumReturnResults) {
		if r != pool.Pooled && r != pool.NilReturn && lately.Returns[r] > lately.Returns[top] {
			top = r
		}
	}
	return top.String()
}

func missing(t *track, _ *frame) string {
	w := &t.recent
	if !t.pools() || w.served() < busy || w.hits >= goodHits*w.served() {
		return ""
	}
	return fmt.Sprintf("%s of %s requests/s find nothing", percent(w.misses/w.served()), count(w.served()))
}

// pools tells whether the strategy can hit at all: Nop cannot.
func (t *track) pools() bool { return t.stats.Knows.Requests.Has(int(hit)) }

func waiting(t *track, f *frame) string {
	lately, seconds := t.lately(f.at)
	switch gaveUp := lately.Requests[pool.RequestTimeout] + lately.Requests[pool.RequestCanceled]; {
	case gaveUp > 0:
		return fmt.Sprintf("%s gave up waiting in the last %s", plural(gaveUp, "caller"), duration(time.Duration(seconds*float64(time.Second))))
	case t.stats.Knows.Has(pool.KnowsPending) && t.stats.Pending > 0:
		return plural(uint64(t.stats.Pending), "caller") + " waiting now"
	}
	return ""
}

// hoarding says that memory lies unused which could be given back. A pool whose
// strategy leaves that to the collector, or cannot, does not hoard.
func hoarding(t *track, f *frame) string {
	_, resizable := t.entry.Source().(pool.Resizable)
	if !resizable || !t.stats.Knows.Has(pool.KnowsIdleBytes) || t.watchedFor(f) < hoardWatch {
		return ""
	}
	low := t.at(0).held
	for i := range t.points() {
		low = min(low, t.at(i).held)
	}
	if low < hoardedBytes || 2*low < float32(t.stats.IdleBytes) {
		return ""
	}
	return fmt.Sprintf("%s of %s held lay unused for %s", byteSize(int64(low)), byteSize(t.stats.IdleBytes), duration(t.watchedFor(f)))
}

// watchedFor is the time between a pool's oldest and its latest sample.
func (t *track) watchedFor(f *frame) time.Duration {
	if t.points() == 0 {
		return 0
	}
	return f.clock.at(t.last).Sub(f.clock.at(t.last - uint64(t.points()-1)))
}
