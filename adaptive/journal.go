package adaptive

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/otelpool/pool/control"
)

// quiet is how long trims are not reported after one that was: a full budget makes one
// every run.
const quiet = 10 * time.Second

// journal records what a policy did, in this run and in all of them.
type journal struct {
	runs        [control.NumActions]uint64
	transitions [control.NumPressureLevels][control.NumCauses]uint64
	forcedGCs   uint64
	decisions   uint64

	from    control.PressureLevel // before this run
	before  int64                 // limit before this run
	asked   assessment            // what changed the level in this run
	moved   bool                  // the level changed in this run
	growing bool                  // the run before raised the limit
	trimmed time.Duration         // when a trim was told of

	waiting uint64 // the decision whose outcome the next collection tells; 0 for none
	heap    HeapReading
}

// verdict is the outcome of a run: a decision, if it is worth telling, and what
// came of an earlier one.
type verdict struct {
	decision control.Decision
	notable  bool
	giveBack giveBack

	told    uint64 // the decision that has an outcome now; 0 for none
	outcome string
}

// enter appends the decision to those before it, and its outcome to the one that has it now.
func (v *verdict) enter(decisions []control.Decision) []control.Decision {
	if len(decisions) > 0 && v.told >= decisions[0].Seq { // their numbers have no gaps
		decisions[v.told-decisions[0].Seq].Outcome = v.outcome
	}
	if v.notable {
		decisions = append(decisions, v.decision)
	}
	return decisions
}

func (j *journal) begin(p *policy, s *sample) {
	j.from, j.before, j.moved = p.pressure.level, s.Limit, false
	if p.started {
		j.before = p.limit
	}
}

func (j *journal) changed(to *ladder, a *assessment) {
	j.moved, j.asked = true, *a
	j.transitions[to.level][to.cause]++
}

// settle ends a run in which so many bytes were dropped to fit the limit.
func (p *policy) settle(s *sample, freed int64) (v verdict) {
	j := &p.journal
	p.garbage.add(freed, p.pressure.level > control.PressureNone)
	if freed > 0 && p.pressure.level > control.PressureNone {
		p.pressure.trim(&s.Reading, s.At)
	}
	v.told, v.outcome = j.outcome(&s.Reading)
	v.giveBack = p.giveBack(s)
	v.decision = control.Decision{
		Time: s.Now, Trigger: s.Trigger, From: j.from, To: p.pressure.level, Cause: p.pressure.cause,
		Action: p.action(s, freed), LimitBefore: j.before, Limit: p.limit, Freed: freed, ForcedGC: v.giveBack != wait,
	}
	j.runs[v.decision.Action]++
	if v.decision.ForcedGC {
		j.forcedGCs++
	}
	if p.pressure.level > control.PressureNone {
		v.decision.Kept, v.decision.UsedEvery = max(p.idle-freed, 0), p.every()
	}
	if v.notable = j.notable(p, s, &v.decision); v.notable {
		j.decisions++
		p.explain(s, &v)
	}
	j.growing = v.decision.Action == control.Grow
	return v
}

func (p *policy) action(s *sample, freed int64) control.Action {
	dropped, _ := lost(s)
	switch {
	case p.limit < p.journal.before:
		return control.Shrink
	case p.limit > p.journal.before:
		return control.Grow
	case freed > 0 || dropped > 0:
		return control.TrimIdle
	}
	return control.Hold
}

// notable reports whether a run is worth telling of: steps of a growth under way,
// objects that grew too old and one trim after the other are not.
func (j *journal) notable(p *policy, s *sample, d *control.Decision) bool {
	grown := d.Action == control.Grow && (!j.growing || p.limit == p.budget)
	trimmed := d.Freed > 0 && (s.At-j.trimmed >= quiet || j.trimmed == 0)
	notable := j.moved || d.ForcedGC || d.Action == control.Shrink || grown || trimmed || p.turnedFutile
	if notable && d.Freed > 0 {
		j.trimmed = s.At
	}
	return notable
}

// outcome returns the effect of the last reported trim, once a collection has ended.
func (j *journal) outcome(r *Reading) (told uint64, text string) {
	if j.waiting == 0 || !r.Heap.OK() || r.Heap.Cycles == j.heap.Cycles {
		return 0, ""
	}
	told, j.waiting = j.waiting, 0
	text = fmt.Sprintf("live heap %s → %s after collection %d", size(j.heap.Live), size(r.Heap.Live), r.Heap.Cycles)
	if r.Spent > 0 {
		text += fmt.Sprintf(", asked for, in %v", r.Spent.Round(10*time.Microsecond))
	}
	if returned := r.Heap.Released - j.heap.Released; returned > 0 {
		text += fmt.Sprintf(", %s returned to the system", size(returned))
	}
	return told, text
}

// explain numbers a decision and says why it was made and what it is expected to
// cost.
func (p *policy) explain(s *sample, v *verdict) {
	d := &v.decision
	d.Seq, d.Reason = p.journal.decisions, p.reason(s, v)
	if d.Freed > 0 {
		d.Keep, d.Drop = p.expected(d.Freed)
	}
	if d.Freed > 0 || d.ForcedGC {
		p.journal.waiting, p.journal.heap = d.Seq, s.Reading.Heap
	}
}

func (p *policy) reason(s *sample, v *verdict) string {
	j := &p.journal
	var why []string
	switch {
	case j.moved && p.pressure.level > j.from:
		why = append(why, j.asked.String())
	case j.moved:
		why = append(why, fmt.Sprintf("nothing held %s for %s", j.from, p.c.Dwell))
	case s.At == 0 && j.decisions == 1:
		why = append(why, "first run")
	case v.decision.Action == control.Grow && p.limit == p.budget:
		why = append(why, "grown to the budget")
	case v.decision.Action == control.Grow:
		why = append(why, fmt.Sprintf("growing to %s by %.0f %%/s", size(p.budget), 100*regrowth))
	case v.decision.Action == control.Shrink:
		why = append(why, "the memory limit fell")
	case v.decision.Action == control.TrimIdle && p.idle > p.limit:
		why = append(why, "more was held than the limit allows")
	case v.decision.Action == control.TrimIdle:
		why = append(why, "dropped what lay unused for longer than its idle age")
	}
	if v.decision.Kept > 0 && j.moved && p.pressure.level > j.from {
		why = append(why, p.inUse(&v.decision))
	}
	if p.turnedFutile {
		why = append(why, fmt.Sprintf("futile: pools hold %s of %s", size(p.idle), size(p.memory.limit)))
	}
	switch v.giveBack {
	case collect:
		why = append(why, "a collection makes memory of what was dropped")
	case release:
		why = append(why, p.released(&s.Reading.Heap))
	}
	return strings.Join(why, "; ")
}

// released says what goes back to the system, for others in the group.
func (p *policy) released(h *HeapReading) string {
	if p.garbage.asked+h.Free >= largeTrim {
		return "what was dropped goes back to the system, for others in the group"
	}
	return fmt.Sprintf("what is garbage of %s allocated lately goes back to the system, for others in the group", size(h.Young()))
}

// inUse says why bytes stay under pressure.
func (p *policy) inUse(d *control.Decision) string {
	if d.UsedEvery > 0 {
		return fmt.Sprintf("kept: in use every %.1f s, %s", d.UsedEvery.Seconds(), size(d.Kept))
	}
	return fmt.Sprintf("kept: in use within %.1f s, %s", p.stay().Seconds(), size(d.Kept))
}

// expected returns the cost, in missed bytes over the next break-even time of calm, of
// keeping what was dropped, at the level's price of memory, and of having dropped it.
// It takes the dropped objects to be like the average of those that are left.
func (p *policy) expected(freed int64) (keep, drop float64) {
	T := p.prices().T
	var bytes, again float64
	for i := range p.pools {
		for j := range p.pools[i].classes {
			c := &p.pools[i].classes[j]
			if len(c.depths) == 0 {
				continue
			}
			weight := float64(c.size) * float64(len(c.depths))
			bytes += weight
			again += weight * c.depths[len(c.depths)-1].again(p.c.BreakEven.Seconds(), &p.one)
		}
	}
	if bytes == 0 {
		bytes, again = 2, 1 // nothing is known
	}
	dearer := p.c.BreakEven.Seconds() / max(T, p.c.BreakEven.Seconds()/1000)
	return float64(freed) * dearer, float64(freed) * again / bytes
}

// size is bytes for people.
func size(bytes int64) string {
	if bytes == NoLimit {
		return "no limit"
	}
	value, unit := float64(bytes), 0
	for value >= 1024 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	digits := max(0, 2-int(math.Log10(max(value, 1))))
	return fmt.Sprintf("%.*f %ciB", digits, value, "BKMGT"[unit])
}
