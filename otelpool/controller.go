package otelpool

import (
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// controllerRows exports the registry's controller, and remembers what earlier
// ones did, so that counts do not go down when a controller follows another.
type controllerRows struct {
	mu          sync.Mutex // runs of the callback only; ControllerStats is read under it, so that they see the counts rise
	rows        series
	signals     map[string][]metric.ObserveOption
	transitions [control.NumPressureLevels][control.NumCauses][]metric.ObserveOption
	asker       ask.Asker[*pool.Registry, controllerAnswer]
	stats       *control.Stats
	seen        bool
	past        controllerCounts
	last        controllerCounts
}

type controllerAnswer struct {
	stats control.Stats
	ok    bool
}

func askController(r *pool.Registry, into *controllerAnswer) {
	into.ok = r.ControllerStats(&into.stats)
}

// controllerCounts holds a controller's counters.
type controllerCounts struct {
	runs        [control.NumActions]uint64
	transitions [control.NumPressureLevels][control.NumCauses]uint64
	forced      uint64
	regrets     uint64
}

func countsOf(s *control.Stats) controllerCounts {
	return controllerCounts{s.Runs, s.Transitions, s.ForcedGCs, s.Regrets}
}

// each calls fn for every count of c with the same one of d.
func (c *controllerCounts) each(d *controllerCounts, fn func(a *uint64, b uint64)) {
	for i := range c.runs {
		fn(&c.runs[i], d.runs[i])
	}
	for i := range c.transitions {
		for j := range c.transitions[i] {
			fn(&c.transitions[i][j], d.transitions[i][j])
		}
	}
	fn(&c.forced, d.forced)
	fn(&c.regrets, d.regrets)
}

func (r *controllerRows) collect(c *collector, pools *catalog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asker.Each([]*pool.Registry{c.inst.registry}, askController, func(_ int, a *controllerAnswer, _ time.Time) {
		if a != nil && a.ok {
			r.seen, r.stats = true, &a.stats
			r.follow()
			r.gauges(c)
			r.ages(c, pools)
		}
	})
	if r.seen {
		r.counts(c)
	}
}

// follow takes over the counts; one that fell is another controller's.
func (r *controllerRows) follow() {
	now, fell := countsOf(r.stats), false
	now.each(&r.last, func(a *uint64, b uint64) { fell = fell || *a < b })
	if fell {
		r.past.each(&r.last, func(a *uint64, b uint64) { *a += b })
	}
	r.last = now
}

func (r *controllerRows) counts(c *collector) {
	sum := r.past
	sum.each(&r.last, func(a *uint64, b uint64) { *a += b })
	for i, n := range sum.runs {
		c.observe(controllerRuns, &r.rows, rowAction+i, int64(n))
	}
	c.observe(controllerCollections, &r.rows, rowPlain, int64(sum.forced))
	c.observe(controllerRegrets, &r.rows, rowPlain, int64(sum.regrets))
	for level := range sum.transitions {
		for cause, n := range sum.transitions[level] {
			if n > 0 || possible(control.PressureLevel(level), control.Cause(cause)) {
				c.observeWith(controllerPressureTransitions, r.transition(level, cause), int64(n))
			}
		}
	}
}

// possible reports whether a controller such as package adaptive's enters a level
// for a cause, and the row is to be there from the start. Others may do more.
func possible(level control.PressureLevel, cause control.Cause) bool {
	switch cause {
	case control.CauseCalm:
		return level != control.PressureCritical
	case control.CauseHeap:
		return level != control.PressureNone
	case control.CauseLimiter:
		return level == control.PressureCritical
	case control.CauseExternal:
		return level == control.PressureHigh
	}
	return level >= control.PressureHigh
}

func (r *controllerRows) transition(level, cause int) []metric.ObserveOption {
	made := &r.transitions[level][cause]
	if *made == nil {
		*made = observing(r.rows.base, levelAttribute.member(level), causeAttribute.member(cause))
	}
	return *made
}

func (r *controllerRows) gauges(c *collector) {
	c.observe(controllerMemoryUsage, &r.rows, rowPlain, r.stats.Idle)
	c.observe(controllerMemoryKept, &r.rows, rowPlain, r.stats.Kept)
	if r.stats.Limit != pool.Unlimited {
		c.observe(controllerMemoryLimit, &r.rows, rowPlain, r.stats.Limit)
	}
	r.level(c)
	if r.stats.Efficiency > 0 {
		c.observeGauge(controllerEfficiency, r.rows.row(rowPlain), r.stats.Efficiency)
	}
	for _, s := range r.stats.Signals {
		if s.Err == "" {
			c.observeGauge(controllerMemoryPressure, r.signal(s.Name), s.Value)
			c.observeGauge(controllerSignalAge, r.signal(s.Name), s.Age.Seconds())
		}
	}
}

// level exports 1 for the present pressure level and 0 for the others.
func (r *controllerRows) level(c *collector) {
	for level := range control.NumPressureLevels {
		is := int64(0)
		if level == int(r.stats.Level) {
			is = 1
		}
		c.observe(controllerPressureStatus, &r.rows, rowLevel+level, is)
	}
}

// ages exports the idle age of every class of the pools that are exported by
// class.
func (r *controllerRows) ages(c *collector, pools *catalog) {
	for i := range r.stats.Classes {
		class := &r.stats.Classes[i]
		p := pools.byName[class.Pool]
		if p == nil || !p.detail || class.IdleAge == 0 {
			continue
		}
		if s := p.class(class.Size); s != nil {
			c.observeGauge(idleAge, s.row(rowPlain), class.IdleAge.Seconds())
		}
	}
}

func (r *controllerRows) signal(name string) []metric.ObserveOption {
	made, ok := r.signals[name]
	if !ok {
		made = observing(r.rows.base, attribute.String(keySignal, pool.ValidName(name)))
		r.signals[name] = made
	}
	return made
}
