package main

import (
	"fmt"
	"time"

	"github.com/otelpool/pool/control"
)

// What ours promises in every scenario and setting beside survivals, and what
// some scenarios show.
const (
	mostP99     = 1.2                     // times that of the better of unlimited and sync.Pool
	leastRate   = 0.95                    // of the better's
	mostGC      = 0.03                    // of the CPU in every run, where a scenario claims to be cheap
	bitesFromGC = 0.20                    // in GC, by an unlimited pool at least; idle marking counts, or it dies
	leastHits   = 0.95                    // where there is no pressure
	leastStalls = 0.01                    // of the time, where a neighbour elsewhere stalls
	inForceIn   = 1250 * time.Millisecond // an interval of the controller in calm, and what a busy machine adds
)

// finding is a promise that a row breaks.
type finding struct {
	row  *row
	text string
	// doubtful is what more runs may change: a difference of one, or times, which
	// other programs on the machine can spoil.
	doubtful bool
}

func (f finding) Error() string { return fmt.Sprintf("pressure: %s: %s", f.row, f.text) }

// verdict collects what is wrong with a row.
type verdict struct {
	*row
	ours     summary
	findings []finding
}

func (v *verdict) add(doubtful bool, format string, args ...any) {
	v.findings = append(v.findings, finding{v.row, fmt.Sprintf(format, args...), doubtful})
}

// judge returns what is broken in a row. Times are left out where one run has
// too few, and on a slow machine also what a scenario promises on its own: a VM
// without hardware support has a tenth of the speed that its paces are made for.
func (r *row) judge(times, slow bool) []finding {
	v := verdict{row: r, ours: r.summary(ours)}
	v.runs()
	v.survivals()
	if !slow {
		v.claimed()
	}
	v.resized()
	if times {
		v.times()
	}
	return v.findings
}

// runs looks at each run of ours.
func (v *verdict) runs() {
	for i, o := range v.row.runs[ours] {
		if o.Fault != "" {
			v.add(false, "run %d: %s", i+1, o.Fault)
		}
		if o.Replay != "" {
			v.add(false, "run %d: a replay of the recording decides something else: %s", i+1, o.Replay)
		}
	}
}

// references are what ours must not be worse than.
var references = []string{unlimited, gcSized}

// survivals compares ours with them.
func (v *verdict) survivals() {
	compared := false
	for _, name := range references {
		ref := v.summary(name)
		if ref.runs == 0 {
			continue
		}
		compared = true
		v.compare("both survive", name, v.ours.survived, ref.survived, ref.runs)
		v.compare("the service survives", name, v.ours.alone, ref.alone, ref.runs)
	}
	if !compared && v.ours.survived < v.ours.runs {
		v.add(true, "ours survived %d of %d, and nothing to compare it with was run", v.ours.survived, v.ours.runs)
	}
}

func (v *verdict) compare(what, name string, survived, theirs, runs int) {
	missing := float64(theirs)/float64(runs)*float64(v.ours.runs) - float64(survived)
	if missing > 0 {
		v.add(missing <= 1, "%s in %d of %d runs of ours, and %d of %d of %s", what, survived, v.ours.runs, theirs, runs, name)
	}
}

// claimed is what the scenario itself promises.
func (v *verdict) claimed() {
	c, o := &v.claims, &v.ours
	if float64(o.survived) < c.survives*float64(o.runs) {
		v.add(false, "ours survived %d of %d runs, less than %.0f %%", o.survived, o.runs, 100*c.survives)
	}
	if u := v.summary(unlimited); c.bites && u.runs > 0 && u.survived == u.runs && u.gcShare+u.idleShare <= bitesFromGC {
		v.add(false, "unlimited survived %d of %d with %.1f %% of the CPU in GC: memory is not short, and nothing is shown",
			u.survived, u.runs, 100*(u.gcShare+u.idleShare))
	}
	if c.maxChanges > 0 && o.changes > c.maxChanges {
		v.add(false, "the level changed %.1f times a minute, more than %g", o.changes, c.maxChanges)
	}
	if c.calm {
		v.calm()
	}
}

func (v *verdict) calm() {
	for i, o := range v.row.runs[ours] {
		if o.Top > control.PressureElevated {
			v.add(false, "run %d: the level was %v without pressure", i+1, o.Top)
		}
		if v.neighbour != nil && v.neighbour.Stalls && o.Stalled < leastStalls {
			v.add(true, "run %d: the neighbour stalled for %.2f %% of the time only: nothing is shown", i+1, 100*o.Stalled)
		}
	}
	if v.ours.leastHits < leastHits {
		v.add(false, "%.1f %% hits in the worst run without pressure, less than %.0f %%", 100*v.ours.leastHits, 100*leastHits)
	}
}

func (v *verdict) resized() {
	for i, o := range v.row.runs[ours] {
		if o.Late == never {
			v.add(false, "run %d: the controller never saw a new limit of the group", i+1)
		} else if o.Late > inForceIn {
			v.add(false, "run %d: a new limit was in force after %v, later than %v", i+1, o.Late.Round(time.Millisecond), inForceIn)
		}
	}
}

// times compares medians of the runs that both survived, where most did.
func (v *verdict) times() {
	o := &v.ours
	if o.survived == 0 {
		return
	}
	if v.claims.cheap && o.worstGC > mostGC {
		v.add(true, "ours spent %.1f %% of the CPU in GC in its worst run, more than %.0f %%", 100*o.worstGC, 100*mostGC)
	}
	var p99 time.Duration
	var rate float64
	for _, name := range references {
		if ref := v.summary(name); ref.survived > ref.runs/2 {
			rate = max(rate, ref.perSecond)
			if p99 == 0 || ref.p99 < p99 {
				p99 = ref.p99
			}
		}
	}
	if p99 > 0 && float64(o.p99) > mostP99*float64(p99) {
		v.add(true, "p99 of ours is %v, more than %g times the %v of the better of unlimited and sync.Pool",
			o.p99.Round(time.Microsecond), mostP99, p99.Round(time.Microsecond))
	}
	if o.perSecond < leastRate*rate {
		v.add(
			true,
			"ours served %.0f op/s, less than %g of the %.0f of the better of unlimited and sync.Pool",
			o.perSecond,
			leastRate,
			rate,
		)
	}
}
