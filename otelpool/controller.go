package otelpool

import (
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// controllerRows exports the registry's controller, and remembers what earlier
// ones did, so that counts do not go down when a controller follows another.
type controllerRows struct {
	mu         sync.Mutex // runs of the callback only; ControllerStats is read under it, so that they see the counts rise
	rows       series
	asker      ask.Asker[*pool.Registry, controllerAnswer]
	seen       bool
	past, last control.Stats // counts of those that are gone, and of the present one; slices are the asker's
}

type controllerAnswer struct {
	stats control.Stats
	ok    bool
}

func askController(r *pool.Registry, into *controllerAnswer) {
	into.ok = r.ControllerStats(&into.stats)
}

// eachCount calls fn for every count of s with the same one of t.
func eachCount(s, t *control.Stats, fn func(a *uint64, b uint64)) {
	for i := range s.Runs {
		fn(&s.Runs[i], t.Runs[i])
	}
	for i := range s.Transitions {
		for j := range s.Transitions[i] {
			fn(&s.Transitions[i][j], t.Transitions[i][j])
		}
	}
	fn(&s.ForcedGCs, t.ForcedGCs)
	fn(&s.Regrets, t.Regrets)
}

func (r *controllerRows) collect(c *collector, pools *catalog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asker.Each([]*pool.Registry{c.inst.registry}, askController, func(_ int, a *controllerAnswer, _ time.Time) {
		if a != nil && a.ok {
			r.seen = true
			r.follow(&a.stats)
			r.gauges(c, &a.stats)
			r.ages(c, pools, &a.stats)
		}
	})
	if r.seen {
		r.counts(c)
	}
}

// follow takes over the counts; one that fell is another controller's.
func (r *controllerRows) follow(now *control.Stats) {
	fell := false
	eachCount(now, &r.last, func(a *uint64, b uint64) { fell = fell || *a < b })
	if fell {
		eachCount(&r.past, &r.last, func(a *uint64, b uint64) { *a += b })
	}
	r.last = *now
}

func (r *controllerRows) counts(c *collector) {
	sum := r.past
	eachCount(&sum, &r.last, func(a *uint64, b uint64) { *a += b })
	for i, n := range sum.Runs {
		c.observe(controllerRuns, &r.rows, rowAction+i, int64(n))
	}
	c.observe(controllerCollections, &r.rows, rowPlain, int64(sum.ForcedGCs))
	c.observe(controllerRegrets, &r.rows, rowPlain, int64(sum.Regrets))
	for level := range sum.Transitions {
		for cause, n := range sum.Transitions[level] {
			if n > 0 || possible(control.PressureLevel(level), control.Cause(cause)) {
				transition := observing(r.rows.base, levelAttribute.member(level), causeAttribute.member(cause))
				c.observeWith(controllerPressureTransitions, transition, int64(n))
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

func (r *controllerRows) gauges(c *collector, s *control.Stats) {
	c.observe(controllerMemoryUsage, &r.rows, rowPlain, s.Idle)
	c.observe(controllerMemoryKept, &r.rows, rowPlain, s.Kept)
	if s.Limit != pool.Unlimited {
		c.observe(controllerMemoryLimit, &r.rows, rowPlain, s.Limit)
	}
	r.level(c, s.Level)
	if s.Efficiency > 0 {
		c.observeGauge(controllerEfficiency, r.rows.row(rowPlain), s.Efficiency)
	}
	for _, one := range s.Signals {
		if one.Err == "" {
			signal := observing(r.rows.base, attribute.String(keySignal, pool.ValidName(one.Name)))
			c.observeGauge(controllerMemoryPressure, signal, one.Value)
			c.observeGauge(controllerSignalAge, signal, one.Age.Seconds())
		}
	}
}

// level exports 1 for the present pressure level and 0 for the others.
func (r *controllerRows) level(c *collector, now control.PressureLevel) {
	for level := range control.NumPressureLevels {
		is := int64(0)
		if level == int(now) {
			is = 1
		}
		c.observe(controllerPressureStatus, &r.rows, rowLevel+level, is)
	}
}

// ages exports the idle age of every class of the pools that are exported by
// class.
func (r *controllerRows) ages(c *collector, pools *catalog, s *control.Stats) {
	for _, class := range s.Classes {
		p := pools.byName[class.Pool]
		if p == nil || !p.detail || class.IdleAge == 0 {
			continue
		}
		if rows := p.class(class.Size); rows != nil {
			c.observeGauge(idleAge, rows.row(rowPlain), class.IdleAge.Seconds())
		}
	}
}
