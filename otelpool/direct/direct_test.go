package direct_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/otelpool/direct"
	"github.com/otelpool/pool/strategies"
)

// start exports r past the SDK, to a reader.
func start(tb testing.TB, r *pool.Registry, opts ...otelpool.Option) (*sdkmetric.ManualReader, *otelpool.Instrumentation) {
	tb.Helper()
	producer := direct.New()
	reader := sdkmetric.NewManualReader(sdkmetric.WithProducer(producer))
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	inst, err := producer.Start(provider, append(opts, otelpool.WithRegistry(r))...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = inst.Stop() })
	return reader, inst
}

func collect(tb testing.TB, reader sdkmetric.Reader) (rm metricdata.ResourceMetrics) {
	tb.Helper()
	if err := reader.Collect(context.Background(), &rm); err != nil {
		tb.Fatal(err)
	}
	return rm
}

// used is a registry with pools of all kinds of rows, and a controller.
func used(tb testing.TB) *pool.Registry {
	r := new(pool.Registry)
	for i := range 3 {
		p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "bytes" + strconv.Itoa(i), Registry: r, Limit: 1 << 20}))
		p.Put(p.Get(1000))
		p.Put(make([]byte, 77))
		tb.Cleanup(p.Close)
	}
	closed := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "closed", Registry: r}))
	closed.Put(closed.Get(1000))
	closed.Close()
	o := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[64]byte]{Name: "objects", Registry: r, New: func() *[64]byte { return new([64]byte) }}))
	o.Put(o.Get())
	tb.Cleanup(o.Close)
	c, err := adaptive.New(adaptive.Config{Registry: r})
	if err != nil {
		tb.Fatal(err)
	}
	c.Step(time.Now())
	c.Step(time.Now())
	return r
}

// What readers are told is what the SDK tells them: names, units, descriptions,
// kinds, scope, attributes and values.
func TestReadersAreToldWhatTheSDKTells(t *testing.T) {
	t.Parallel()
	r := used(t)
	opts := []otelpool.Option{otelpool.WithSizeClasses("bytes1", "closed"), otelpool.WithAttributes(attribute.String("team", "a"))}
	reader := sdkmetric.NewManualReader()
	inst, err := otelpool.Start(append(opts, otelpool.WithRegistry(r),
		otelpool.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))...)
	if err != nil {
		t.Fatal(err)
	}
	defer inst.Stop()
	past, _ := start(t, r, opts...)
	for range 2 {
		want, got := collect(t, reader), collect(t, past)
		metricdatatest.AssertEqual(t, want, got, metricdatatest.IgnoreTimestamp())
		if n := len(got.ScopeMetrics[0].Metrics); n < 15 {
			t.Errorf("%d metrics: too few to say much", n)
		}
	}
}

func TestPointsSpanTheTimeSinceStart(t *testing.T) {
	t.Parallel()
	before := time.Now()
	reader, _ := start(t, used(t))
	started := time.Now()
	for _, m := range collect(t, reader).ScopeMetrics[0].Metrics {
		sum, ok := m.Data.(metricdata.Sum[int64])
		if !ok {
			continue
		}
		for _, p := range sum.DataPoints {
			if p.StartTime.Before(before) || p.StartTime.After(started) || p.Time.Before(started) {
				t.Fatalf("%s: from %v to %v, started between %v and %v", m.Name, p.StartTime, p.Time, before, started)
			}
		}
	}
}

// What a reader was told stays as it is: exporters work on it while the next
// collection runs.
func TestCollectionsShareNothing(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "p", Registry: r}))
	defer p.Close()
	reader, _ := start(t, r)
	first, before := collect(t, reader), collect(t, reader)
	for range 100 {
		p.Put(p.Get(100))
	}
	collect(t, reader)
	metricdatatest.AssertEqual(t, first, before, metricdatatest.IgnoreTimestamp())
}

func TestWaitsGoThroughTheSDK(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "fixed", Registry: r, Size: 64, Count: 1}))
	defer p.Close()
	reader, _ := start(t, r)
	b := p.Get()
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := p.Acquire(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Acquire: %v", err)
	}
	p.Put(b)
	for _, sm := range collect(t, reader).ScopeMetrics {
		for _, m := range sm.Metrics {
			if h, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == "otelpool.wait.duration" && h.DataPoints[0].Count == 1 {
				return
			}
		}
	}
	t.Error("the wait is not in otelpool.wait.duration")
}

func TestNothingIsToldAfterStop(t *testing.T) {
	t.Parallel()
	reader, inst := start(t, used(t))
	if err := inst.Stop(); err != nil {
		t.Fatal(err)
	}
	if rm := collect(t, reader); len(rm.ScopeMetrics) != 0 {
		t.Errorf("%d scopes after Stop", len(rm.ScopeMetrics))
	}
}

// Two ways at once would double every figure.
func TestARegistryIsExportedInOneWay(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	provider := sdkmetric.NewMeterProvider()
	p := direct.New()
	inst, err := p.Start(provider, otelpool.WithRegistry(r))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Start(provider, otelpool.WithRegistry(r)); err == nil {
		t.Error("a second Start of the Producer is no error")
	}
	if _, err := otelpool.Start(otelpool.WithRegistry(r), otelpool.WithMeterProvider(provider)); err == nil {
		t.Error("otelpool.Start beside it is no error")
	}
	if err := inst.Stop(); err != nil {
		t.Fatal(err)
	}
	again, err := p.Start(provider, otelpool.WithRegistry(r))
	if err != nil {
		t.Fatalf("after Stop: %v", err)
	}
	defer again.Stop()
	if _, err := direct.New().Start(nil); err == nil {
		t.Error("Start without a provider is no error")
	}
}

func TestCollectingWhileEverythingChangesConcurrentSafe(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	producer := direct.New()
	provider := noop.NewMeterProvider()
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 100 {
				all, err := producer.Produce(t.Context())
				if err != nil || len(all) > 1 {
					t.Errorf("%d scopes, %v", len(all), err)
				}
			}
		})
	}
	wg.Go(func() {
		for range 100 {
			p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "p", Registry: r}))
			p.Put(p.Get(100))
			p.Close()
		}
	})
	wg.Go(func() {
		for range 20 {
			inst, err := producer.Start(provider, otelpool.WithRegistry(r))
			if err != nil {
				t.Error(err)
				return
			}
			if err := inst.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
}

func TestACancelledCollectionReadsNothing(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if all, err := direct.New().Produce(ctx); all != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Produce = %v, %v", all, err)
	}
}
