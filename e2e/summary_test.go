package e2e_test

import (
	"context"
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

// figuresOf is the summary as series.
func figuresOf(s *gateway.Summary) map[series]float64 {
	f := map[series]float64{}
	for name, p := range s.Pools {
		add := func(metric, value string, v float64) { f[series{metric, name, p.Strategy, value}] = v }
		each(p.Requests, "otelpool.requests", add)
		each(p.Returns, "otelpool.returns", add)
		each(p.Evictions, "otelpool.evictions", add)
		each(p.EvictedBytes, "otelpool.memory.evicted", add)
		add("otelpool.allocations", "", float64(p.Allocations))
		known(p.AllocatedBytes, "otelpool.memory.allocated", "", add)
		known(p.RequestedBytes, "otelpool.memory.requested", "", add)
		known(p.Lost, "otelpool.losses", "", add)
		each(p.Misuse, "otelpool.misuse", add)
		known(p.Grown, "otelpool.resizes", "up", add)
		known(p.Shrunk, "otelpool.resizes", "down", add)
		known(p.Idle, "otelpool.object.count", "idle", add)
		known(p.InUse, "otelpool.object.count", "used", add)
		known(p.ObjectLimit, "otelpool.object.limit", "", add)
		known(p.IdleBytes, "otelpool.memory.usage", "idle", add)
		known(p.InUseBytes, "otelpool.memory.usage", "used", add)
		known(p.Limit, "otelpool.memory.limit", "", add)
		known(p.Pending, "otelpool.pending_requests", "", add)
	}
	return f
}

func each(counts map[string]uint64, metric string, add func(metric, value string, v float64)) {
	for value, n := range counts {
		add(metric, value, float64(n))
	}
}

func known[N int64 | uint64](v *N, metric, value string, add func(metric, value string, v float64)) {
	if v != nil {
		add(metric, value, float64(*v))
	}
}
