package e2e_test

import (
	"context"
	"maps"
	"testing"

	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/e2e/internal/gateway"
)

// expectTotals waits until the collector has the summary's figures.
func expectTotals(t *testing.T, c *collector.Collector, s *gateway.Summary) {
	t.Helper()
	expect(t, c, figuresOf(s))
}

// expect waits until the collector has all of the figures and no others, as the
// table says they look.
func expect(t *testing.T, c *collector.Collector, want map[series]float64) {
	t.Helper()
	table := readTable(t)
	if err := await(t.Context(), func(ctx context.Context) error {
		got, err := scrape(ctx, c, table)
		if err != nil {
			return err
		}
		return difference(got, want)
	}); err != nil {
		t.Error(err)
	}
}

// byClass is the one pool whose classes are exported.
const byClass = "gateway.bodies"

// figuresOf is the summary as series.
func figuresOf(s *gateway.Summary) map[series]float64 {
	f := map[series]float64{}
	for name, p := range s.Pools {
		add := func(metric, value string, v float64) { f[series{metric, name, p.Strategy, value}] = v }
		each(p.Requests, "otelpool.requests", add)
		each(returned(p), "otelpool.returns", add)
		each(told(p.Evictions, "closed"), "otelpool.evictions", add)
		evicted(told(p.EvictedBytes, "closed"), add)
		add("otelpool.allocations", "", float64(p.Allocations))
		known(p.AllocatedBytes, "otelpool.memory.allocated", "", add)
		if name == byClass {
			known(p.RequestedBytes, "otelpool.memory.requested", "", add)
		}
		each(told(p.Misuse, "foreign"), "otelpool.misuse", add)
		known(p.Idle, "otelpool.object.count", "idle", add)
		known(p.InUse, "otelpool.object.count", "used", add)
		known(p.ObjectLimit, "otelpool.object.limit", "", add)
		known(p.IdleBytes, "otelpool.memory.usage", "idle", add)
		known(p.InUseBytes, "otelpool.memory.usage", "used", add)
		known(p.Limit, "otelpool.memory.limit", "", add)
		known(p.Pending, "otelpool.pending_requests", "", add)
	}
	if s.Controller != nil {
		addController(f, s)
	}
	return f
}

// possible is the changes of level that a controller may make, which have a row
// from the start.
var possible = []string{
	"none calm", "elevated calm", "high calm", "elevated heap", "high heap", "critical heap", "high cgroup", "critical cgroup",
	"high psi", "critical psi", "high events", "critical events", "critical limiter", "high external",
}

// addController adds what the summary says of the controller.
func addController(f map[series]float64, s *gateway.Summary) {
	c := s.Controller
	add := func(metric, value string, v float64) { f[series{"otelpool.controller." + metric, "", "", value}] = v }
	add("memory.usage", "", float64(c.IdleBytes))
	add("memory.kept", "", float64(c.KeptBytes))
	known(c.Limit, "memory.limit", "", add)
	for _, level := range []string{"none", "elevated", "high", "critical"} {
		add("pressure.status", level, 0)
	}
	add("pressure.status", c.Level, 1)
	for _, change := range possible {
		add("pressure.transitions", change, 0)
	}
	each(c.Transitions, "pressure.transitions", add)
	each(c.Runs, "runs", add)
	add("collections", "", float64(c.ForcedGCs))
	add("regrets", "", float64(c.Regrets))
	if c.Efficiency > 0 {
		add("efficiency", "", c.Efficiency)
	}
	for name, signal := range c.Signals {
		add("memory.pressure", name, signal.Value)
		add("signal.age", name, signal.Age)
	}
	for _, age := range c.IdleAges[byClass] {
		f[series{"otelpool.object.idle_age", byClass, s.Pools[byClass].Strategy, ""}] += age
	}
}

func each(counts map[string]uint64, metric string, add func(metric, value string, v float64)) {
	for value, n := range counts {
		add(metric, value, float64(n))
	}
}

// told is the counts without those that nobody exports.
func told(counts map[string]uint64, untold ...string) map[string]uint64 {
	counts = maps.Clone(counts)
	for _, value := range untold {
		delete(counts, value)
	}
	return counts
}

// returned is the returns of a pool: a double Put is a mistake where it knows those.
func returned(p gateway.Pool) map[string]uint64 {
	if _, known := p.Misuse["double"]; known {
		return told(p.Returns, "nil", "double")
	}
	return told(p.Returns, "nil")
}

// evicted is the bytes of all reasons together, if there is any.
func evicted(bytes map[string]uint64, add func(metric, value string, v float64)) {
	var sum uint64
	for _, n := range bytes {
		sum += n
	}
	if len(bytes) > 0 {
		add("otelpool.memory.evicted", "", float64(sum))
	}
}

func known[N int64 | uint64](v *N, metric, value string, add func(metric, value string, v float64)) {
	if v != nil {
		add(metric, value, float64(*v))
	}
}
