package otelpool_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

func TestExportsWhatIsKnownFromZeroAndNothingElse(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "p", newFake())
	expect(t, rows(t, start(t, r)), map[string]int64{
		"otelpool.requests otelpool.pool.name=p,otelpool.request.result=hit":    0,
		"otelpool.requests otelpool.pool.name=p,otelpool.request.result=miss":   0,
		"otelpool.returns otelpool.pool.name=p,otelpool.return.result=pooled":   0,
		"otelpool.object.count otelpool.object.state=used,otelpool.pool.name=p": 0,
		"otelpool.allocations otelpool.pool.name=p":                             0,
	})
}

func knowsAll() *fake {
	f := newFake()
	f.stats = pool.Stats{
		Strategy: "fake",
		Knows: pool.Knowledge{
			Rows: pool.KnowsIdle | pool.KnowsIdleBytes | pool.KnowsEvictedBytes | pool.KnowsInUse | pool.KnowsInUseBytes |
				pool.KnowsAllocatedBytes | pool.KnowsRequestedBytes | pool.KnowsLimit | pool.KnowsObjectLimit |
				pool.KnowsResizes | pool.KnowsPending,
			Requests:  pool.SetOf(pool.Hit),
			Returns:   pool.SetOf(pool.Full),
			Evictions: pool.SetOf(pool.EvictGC),
			Misuse:    pool.SetOf(pool.MisuseLost),
		},
		InUse: 1, InUseBytes: 2, Limit: 3, ObjectLimit: 4, Grown: 5, Shrunk: 6, Pending: 7,
	}
	f.stats.Misuse[pool.MisuseLost] = 8
	c := &f.stats.Counts
	c.Requests[pool.Hit], c.Returns[pool.Full], c.Evictions[pool.EvictGC], c.EvictedBytes[pool.EvictGC] = 9, 10, 11, 12
	c.Allocations, c.AllocatedBytes, c.RequestedBytes, c.Idle, c.IdleBytes = 13, 14, 15, 16, 17
	return f
}

func TestExportsEveryFigureUnderItsName(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "p", knowsAll())
	expect(t, rows(t, start(t, r)), map[string]int64{
		"otelpool.requests otelpool.pool.name=p,otelpool.request.result=hit":    9,
		"otelpool.returns otelpool.pool.name=p,otelpool.return.result=full":     10,
		"otelpool.object.count otelpool.object.state=idle,otelpool.pool.name=p": 16,
		"otelpool.object.count otelpool.object.state=used,otelpool.pool.name=p": 1,
		"otelpool.object.limit otelpool.pool.name=p":                            4,
		"otelpool.memory.usage otelpool.object.state=idle,otelpool.pool.name=p": 17,
		"otelpool.memory.usage otelpool.object.state=used,otelpool.pool.name=p": 2,
		"otelpool.memory.limit otelpool.pool.name=p":                            3,
		"otelpool.allocations otelpool.pool.name=p":                             13,
		"otelpool.memory.allocated otelpool.pool.name=p":                        14,
		"otelpool.evictions otelpool.eviction.reason=gc,otelpool.pool.name=p":   11,
		"otelpool.memory.evicted otelpool.pool.name=p":                          12,
		"otelpool.misuse otelpool.misuse.kind=lost,otelpool.pool.name=p":        8,
		"otelpool.pending_requests otelpool.pool.name=p":                        7,
	})
}

func TestMetricIsAsTheConventionsWantIt(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	f := newFake()
	f.stats.InUse = 3
	publish(t, r, "p", f)
	rm := gather(t, start(t, r, otelpool.WithAttributes(attribute.String("tenant", "a"))))
	if got := rm.ScopeMetrics[0].Scope; got.Name != otelpool.ScopeName || got.Version != otelpool.Version || got.SchemaURL != "" {
		t.Errorf("scope %+v, want %s %s and no schema URL", got, otelpool.ScopeName, otelpool.Version)
	}
	for _, m := range rm.ScopeMetrics[0].Metrics {
		if m.Name != "otelpool.object.count" {
			continue
		}
		metricdatatest.AssertEqual(t, metricdata.Metrics{
			Name: m.Name, Unit: "{object}", Description: m.Description,
			Data: metricdata.Sum[int64]{
				Temporality: metricdata.CumulativeTemporality,
				DataPoints: []metricdata.DataPoint[int64]{{Value: 3, Attributes: attribute.NewSet(
					attribute.String("otelpool.pool.name", "p"),
					attribute.String("otelpool.pool.strategy", "fake"),
					attribute.String("otelpool.object.state", "used"),
					attribute.String("tenant", "a"),
				)}},
			},
		}, m, metricdatatest.IgnoreTimestamp())
		return
	}
	t.Error("otelpool.object.count is not exported")
}

func TestLimitIsAbsentWhenThereIsNone(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	f := knowsAll()
	f.stats.Limit = pool.Unlimited
	publish(t, r, "p", f)
	if _, ok := rows(t, start(t, r))["otelpool.memory.limit otelpool.pool.name=p"]; ok {
		t.Error("a pool without a limit exports one")
	}
}

func TestUsedIsNeverBelowZero(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	f := newFake()
	f.stats.InUse = -3
	publish(t, r, "p", f)
	if got := rows(t, start(t, r))["otelpool.object.count otelpool.object.state=used,otelpool.pool.name=p"]; got != 0 {
		t.Errorf("used = %d, want 0", got)
	}
}

func TestClosedPoolKeepsItsCountsAndNothingElse(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	pub := publish(t, r, "p", knowsAll())
	reader := start(t, r)
	pub.Close()
	for name := range rows(t, reader) {
		for _, gauge := range []string{".count", ".usage", ".limit", ".pending_requests"} {
			if strings.Contains(name, gauge) {
				t.Errorf("%s is exported of a closed pool", name)
			}
		}
	}
	if got := rows(t, reader)["otelpool.requests otelpool.pool.name=p,otelpool.request.result=hit"]; got != 9 {
		t.Errorf("hits of a closed pool = %d, want 9", got)
	}
}

func TestSizeClassesAddUpToThePool(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "p", Registry: r, Classes: strategies.PowersOfTwo(256, 1024)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, n := range []int{1, 300, 300, 1000, 5000} {
		p.Put(p.Get(n))
	}
	p.Put(nil)
	p.Put(make([]byte, 10))
	p.Put(make([]byte, 300))
	held := p.Get(1)
	plain, detailed := rows(t, start(t, r)), rows(t, start(t, r, otelpool.WithSizeClasses("p")))
	sums := make(map[string]int64)
	classes := 0
	for row, v := range detailed {
		name, attrs, _ := strings.Cut(row, " ")
		var kept []string
		for a := range strings.SplitSeq(attrs, ",") {
			if strings.HasPrefix(a, "otelpool.class.size=") {
				classes++
			} else {
				kept = append(kept, a)
			}
		}
		sums[name+" "+strings.Join(kept, ",")] += v
	}
	if classes == 0 {
		t.Error("no row has a class")
	}
	if got := detailed["otelpool.requests otelpool.class.size=512,otelpool.pool.name=p,otelpool.request.result=hit"]; got != 1 {
		t.Errorf("hits in the class of 512 = %d, want 1", got)
	}
	plain["otelpool.memory.requested otelpool.pool.name=p"] = 1 + 300 + 300 + 1000 + 5000 + 1 // of pools with classes alone
	expect(t, sums, plain)
	p.Put(held)
}

func TestPoolsThatComeLaterAreExported(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	reader := start(t, r)
	if got := rows(t, reader); len(got) != 0 {
		t.Errorf("an empty registry exports %v", got)
	}
	publish(t, r, "late", newFake())
	if got := rows(t, reader); len(got) != 5 {
		t.Errorf("%d rows, want 5: %v", len(got), got)
	}
}

func TestTwoReadersGetTheSame(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "p", knowsAll())
	one, two := metric.NewManualReader(), metric.NewManualReader()
	mp := metric.NewMeterProvider(metric.WithReader(one), metric.WithReader(two))
	i, err := otelpool.Start(otelpool.WithMeterProvider(mp), otelpool.WithRegistry(r))
	if err != nil {
		t.Fatal(err)
	}
	defer i.Stop()
	expect(t, rows(t, one), rows(t, two))
}

func deltas(metric.InstrumentKind) metricdata.Temporality { return metricdata.DeltaTemporality }

func TestDeltasStayRightAcrossCloseAndReopen(t *testing.T) {
	t.Parallel()
	const hits = "otelpool.requests otelpool.pool.name=p,otelpool.request.result=hit"
	r := new(pool.Registry)
	reader := startWith(t, r, metric.NewManualReader(metric.WithTemporalitySelector(deltas)))
	var sum int64
	check := func(what string, want int64) {
		t.Helper()
		for row, v := range rows(t, reader) {
			if v < 0 {
				t.Errorf("%s: %s = %d", what, row, v)
			}
			if row == hits {
				sum += v
			}
		}
		if sum != want {
			t.Errorf("%s: the deltas add up to %d, want %d", what, sum, want)
		}
	}
	hit := func(f *fake, n uint64) { f.set(func(s *pool.Stats) { s.Requests[pool.Hit] += n }) }

	first, second := newFake(), newFake()
	second.stats.Strategy = "other"
	p := publish(t, r, "p", first)
	hit(first, 160)
	check("open", 160)
	p.Close()
	check("closed", 160)
	hit(first, 7)
	check("used after Close", 167)
	q := publish(t, r, "p", second)
	check("opened again", 167)
	hit(second, 5)
	check("used again", 172)
	p.Release()
	check("the first one collected", 172)
	q.Release()
	check("both collected", 172)
}

func TestSecondStartIsAnErrorUntilStop(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "p", newFake())
	mp := metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	begin := func() (*otelpool.Instrumentation, error) {
		return otelpool.Start(otelpool.WithMeterProvider(mp), otelpool.WithRegistry(r))
	}
	first, err := begin()
	if err != nil {
		t.Fatal(err)
	}
	second, err := begin()
	if err == nil || second != nil {
		t.Errorf("a second Start = %v, %v; want an error", second, err)
	}
	if err := second.Stop(); err != nil {
		t.Errorf("Stop of what was not started: %v", err)
	}
	for range 2 {
		if err := first.Stop(); err != nil {
			t.Error(err)
		}
	}
	third, err := begin()
	if err != nil {
		t.Errorf("Start after Stop: %v", err)
	}
	third.Stop()
}

func TestStopEndsTheExport(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "p", newFake())
	reader := metric.NewManualReader()
	i, err := otelpool.Start(otelpool.WithMeterProvider(metric.NewMeterProvider(metric.WithReader(reader))), otelpool.WithRegistry(r))
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Stop(); err != nil {
		t.Fatal(err)
	}
	r.ObserveWait("p", time.Second)
	if got := rows(t, reader); len(got) != 0 {
		t.Errorf("after Stop %v is exported", got)
	}
}

func TestNoopProviderMayBeStartedTwice(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	for range 2 {
		i, err := otelpool.Start(otelpool.WithMeterProvider(noop.NewMeterProvider()), otelpool.WithRegistry(r))
		if err != nil {
			t.Fatal(err)
		}
		defer i.Stop()
	}
}

func TestEmptyClassNameIsAnError(t *testing.T) {
	t.Parallel()
	i, err := otelpool.Start(otelpool.WithMeterProvider(noop.NewMeterProvider()), otelpool.WithSizeClasses("a", ""))
	if err == nil || i != nil {
		t.Errorf("Start = %v, %v; want an error", i, err)
	}
}

// The one test that sets the global provider, which can be done once.
func TestStartBeforeSetMeterProviderWorks(t *testing.T) {
	if _, set := otel.GetMeterProvider().(*metric.MeterProvider); set {
		t.Skip("run again in one process (-count): the global provider delegates once only")
	}
	r := new(pool.Registry)
	publish(t, r, "p", newFake())
	i, err := otelpool.Start(otelpool.WithRegistry(r))
	if err != nil {
		t.Fatal(err)
	}
	reader := metric.NewManualReader()
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(reader)))
	r.ObserveWait("p", time.Second)
	if got := rows(t, reader); len(got) != 6 {
		t.Errorf("%d rows, want 6: %v", len(got), got)
	}
	if _, err := otelpool.Start(otelpool.WithRegistry(r)); err == nil {
		t.Error("a second Start, after SetMeterProvider, is no error")
	}
	if err := i.Stop(); err != nil {
		t.Error(err)
	}
}

func TestWaitsAreAHistogramInSeconds(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "p", newFake())
	reader := start(t, r)
	r.ObserveWait("p", 3*time.Millisecond)
	r.ObserveWait("p", 20*time.Second)
	r.ObserveWait("gone", time.Microsecond)
	for _, m := range gather(t, reader).ScopeMetrics[0].Metrics {
		h, ok := m.Data.(metricdata.Histogram[float64])
		if !ok {
			continue
		}
		if len(h.DataPoints) != 2 {
			t.Fatalf("%d series, want 2", len(h.DataPoints))
		}
		for _, p := range h.DataPoints {
			strategy, has := p.Attributes.Value("otelpool.pool.strategy")
			if name, _ := p.Attributes.Value("otelpool.pool.name"); name.AsString() != "p" {
				continue
			} else if !has || strategy.AsString() != "fake" {
				t.Error("the waits have no strategy")
			}
			if b := p.Bounds; len(b) == 0 || b[0] != 1e-6 || b[len(b)-1] != 10 {
				t.Errorf("bounds %v, want 1µs … 10s", b)
			}
			if p.Count != 2 || p.Sum < 20 || p.Sum > 20.1 || p.BucketCounts[len(p.BucketCounts)-1] != 1 {
				t.Errorf("%d waits of %v s in %v", p.Count, p.Sum, p.BucketCounts)
			}
		}
		return
	}
	t.Error("no histogram is exported")
}

// controller is a control.Controller that says what it is told to.
type controller struct{ stats control.Stats }

func (c *controller) ControllerStats(into *control.Stats) {
	signals, classes := append(into.Signals[:0], c.stats.Signals...), append(into.Classes[:0], c.stats.Classes...)
	*into = c.stats
	into.Signals, into.Classes = signals, classes
}

// controllerCounts is the rows that are there from the start, at 0.
func controllerCounts() map[string]int64 {
	all := map[string]int64{"otelpool.controller.collections ": 0, "otelpool.controller.regrets ": 0}
	for _, action := range []string{"hold", "grow", "shrink", "trim"} {
		all["otelpool.controller.runs otelpool.controller.action="+action] = 0
	}
	for cause, levels := range map[string]string{
		"calm": "none elevated high", "heap": "elevated high critical", "cgroup": "high critical", "psi": "high critical",
		"events": "high critical", "limiter": "critical", "external": "high",
	} {
		for level := range strings.FieldsSeq(levels) {
			all[transition(level, cause)] = 0
		}
	}
	return all
}

func transition(level, cause string) string {
	return "otelpool.controller.pressure.transitions otelpool.controller.cause=" + cause + ",otelpool.controller.pressure.level=" + level
}

func TestControllerIsExportedAndItsCountsNeverFall(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	reader := start(t, r)
	first := &controller{control.Stats{
		Limit: 1000, Idle: 300, Kept: 200, Level: control.PressureHigh, Efficiency: 0.83, ForcedGCs: 2, Regrets: 70,
		Signals: []control.Signal{{Name: "heap", Value: 0.5, Age: 3 * time.Second}, {Name: "psi", Err: "no such file"}},
		Runs:    [control.NumActions]uint64{control.Hold: 5, control.Grow: 1},
	}}
	first.stats.Transitions[control.PressureHigh][control.CauseHeap] = 4
	remove, err := r.AddController(first)
	if err != nil {
		t.Fatal(err)
	}
	counts := controllerCounts()
	counts["otelpool.controller.runs otelpool.controller.action=hold"] = 5
	counts["otelpool.controller.runs otelpool.controller.action=grow"] = 1
	counts["otelpool.controller.collections "] = 2
	counts["otelpool.controller.regrets "] = 70
	counts[transition("high", "heap")] = 4
	want := maps.Clone(counts)
	maps.Copy(want, map[string]int64{
		"otelpool.controller.memory.usage ":                                               300,
		"otelpool.controller.memory.kept ":                                                200,
		"otelpool.controller.memory.limit ":                                               1000,
		"otelpool.controller.efficiency ":                                                 83,
		"otelpool.controller.memory.pressure otelpool.controller.signal=heap":             50,
		"otelpool.controller.signal.age otelpool.controller.signal=heap":                  300,
		"otelpool.controller.pressure.status otelpool.controller.pressure.level=none":     0,
		"otelpool.controller.pressure.status otelpool.controller.pressure.level=elevated": 0,
		"otelpool.controller.pressure.status otelpool.controller.pressure.level=high":     1,
		"otelpool.controller.pressure.status otelpool.controller.pressure.level=critical": 0,
	})
	expect(t, rows(t, reader), want)
	remove()
	expect(t, rows(t, reader), counts)
	second := &controller{control.Stats{Limit: pool.Unlimited, Runs: [control.NumActions]uint64{control.Hold: 2}}}
	second.stats.Transitions[control.PressureNone][control.CauseHeap] = 1 // a cause of its own
	remove, err = r.AddController(second)
	if err != nil {
		t.Fatal(err)
	}
	rows(t, reader)
	remove()
	counts["otelpool.controller.runs otelpool.controller.action=hold"] = 7
	counts[transition("none", "heap")] = 1
	expect(t, rows(t, reader), counts)
}

func TestIdleAgesAreExportedByClassWhereAskedFor(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	reader := start(t, r, otelpool.WithSizeClasses("detailed"))
	for _, name := range []string{"detailed", "plain"} {
		f := newFake()
		f.stats.Classes = []pool.Class{{Size: 64}, {Size: 128}}
		publish(t, r, name, f)
	}
	if _, err := r.AddController(&controller{control.Stats{Classes: []control.ClassControl{
		{Pool: "detailed", Size: 64, IdleAge: 2 * time.Second},
		{Pool: "detailed", Size: 128}, // not set yet
		{Pool: "plain", Size: 64, IdleAge: time.Second},
		{Pool: "gone", Size: 64, IdleAge: time.Second},
	}}}); err != nil {
		t.Fatal(err)
	}
	got := rows(t, reader)
	maps.DeleteFunc(got, func(k string, _ int64) bool { return !strings.HasPrefix(k, "otelpool.object.idle_age") })
	expect(t, got, map[string]int64{"otelpool.object.idle_age otelpool.class.size=64,otelpool.pool.name=detailed": 200})
}

// The SDK holds its lock while the callback runs and while it unregisters. Of a
// deadlock go test's own timeout shows where it is.
func TestCloseStartStopAndCollectDoNotDeadlock(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	mp := metric.NewMeterProvider(metric.WithReader(metric.NewManualReader()))
	reader := start(t, r)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 200 {
				p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: fmt.Sprintf("p%d.%d", g, n%10), Registry: r})
				if err != nil {
					t.Error(err)
					return
				}
				p.Put(p.Get(100))
				r.ObserveWait("p0.0", time.Microsecond)
				p.Close()
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for range 100 {
				var rm metricdata.ResourceMetrics
				if err := reader.Collect(context.Background(), &rm); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 100 {
			i, err := otelpool.Start(otelpool.WithMeterProvider(mp), otelpool.WithRegistry(r))
			if err != nil {
				t.Error(err)
			}
			i.Stop()
		}
	})
	wg.Wait()
}

func TestTooManySeriesAreReportedOnceAndFewAreNot(t *testing.T) {
	h := new(handler)
	setHandler(t, h)
	r := new(pool.Registry)
	reader := start(t, r)
	for n := range 950 { // two rows of otelpool.requests each
		publish(t, r, fmt.Sprint(n), newFake())
	}
	gather(t, reader)
	if all := h.told(); len(all) != 0 {
		t.Errorf("1,900 series: %v", all)
	}
	for n := range 51 {
		publish(t, r, fmt.Sprint("more", n), newFake())
	}
	gather(t, reader)
	gather(t, reader)
	testcost.Until(t, "told", func() bool { return len(h.told()) > 0 })
	if all := h.told(); len(all) != 1 || !strings.Contains(all[0], "otelpool.requests has 2002 series") {
		t.Errorf("2,002 series: %v; want one error that says so", all)
	}
}

func TestLawsHoldInTheExportAfterLoad(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "p", Registry: r})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	reader := start(t, r)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for n := range 2000 {
				b := p.Get(n * (g + 1))
				if n%100 != 0 {
					p.Put(b)
				}
				if n%500 == 0 {
					gather(t, reader)
				}
			}
		}) //poollint:ignore every hundredth buffer stays out, and is counted as used below
	}
	wg.Wait()
	got := rows(t, reader)
	sum := func(prefix string) (n int64) {
		for row, v := range got {
			if strings.HasPrefix(row, prefix) {
				n += v
			}
		}
		return n
	}
	of := func(row string) int64 { return got[row] }
	const name = "otelpool.pool.name=p"
	if n := sum("otelpool.requests"); n != 8000 {
		t.Errorf("%d requests, want 8000", n)
	}
	if n := sum("otelpool.returns"); n != 7920 {
		t.Errorf("%d returns, want 7920", n)
	}
	if n := of("otelpool.object.count otelpool.object.state=used," + name); n != 80 {
		t.Errorf("used = %d, want 80", n)
	}
	idle := of("otelpool.returns "+name+",otelpool.return.result=pooled") - of("otelpool.requests "+
		""+name+",otelpool.request.result=hit") - sum("otelpool.evictions")
	if n := of("otelpool.object.count otelpool.object.state=idle," + name); n != idle {
		t.Errorf("idle = %d, want pooled − hits − evictions = %d", n, idle)
	}
	made := of("otelpool.requests "+name+",otelpool.request.result=miss") + of("otelpool.requests "+name+",otelpool.request.result=bypass")
	if n := sum("otelpool.allocations"); n != made {
		t.Errorf("allocations = %d, want misses + bypasses = %d", n, made)
	}
}

// What is left is the SDK's own: three allocations a point, measured without us.
func TestCollectionAllocatesLittleBeyondTheSDK(t *testing.T) {
	r := new(pool.Registry)
	const pools = 100
	for n := range pools {
		publish(t, r, fmt.Sprint("p", n), newFake())
	}
	reader := start(t, r)
	var rm metricdata.ResourceMetrics
	allocs := testalloc.PerRun(20, func() { _ = reader.Collect(context.Background(), &rm) })
	const points = pools * 5
	if perPoint := allocs / points; perPoint > 4 {
		t.Errorf("%.1f allocations a point, want at most 4", perPoint)
	}
}

func BenchmarkCollect100Pools(b *testing.B) {
	for _, bm := range []struct {
		name string
		opts func(names []string) []otelpool.Option
	}{
		{"pool", func([]string) []otelpool.Option { return nil }},
		{"class", func(names []string) []otelpool.Option {
			return []otelpool.Option{otelpool.WithSizeClasses(names[:10]...)}
		}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			r := new(pool.Registry)
			var names []string
			for n := range 100 {
				name := fmt.Sprint("p", n)
				p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: r})
				if err != nil {
					b.Fatal(err)
				}
				defer p.Close()
				p.Put(p.Get(100))
				names = append(names, name)
			}
			reader := start(b, r, bm.opts(names)...)
			var rm metricdata.ResourceMetrics
			b.ReportAllocs()
			for b.Loop() {
				if err := reader.Collect(context.Background(), &rm); err != nil {
					b.Fatal(err)
				}
			}
			points := 0
			for _, sm := range rm.ScopeMetrics {
				for _, m := range sm.Metrics {
					points += len(m.Data.(metricdata.Sum[int64]).DataPoints)
				}
			}
			b.ReportMetric(float64(points), "points")
		})
	}
}
