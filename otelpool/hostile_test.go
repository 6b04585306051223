package otelpool_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/otelpool"
)

type bad struct{}

func (bad) Stats(*pool.Stats) { panic("bad stats") }

type badController struct{}

func (badController) ControllerStats(*control.Stats) { panic("bad controller") }

// handler is an ErrorHandler that does something, and keeps what it was told.
type handler struct {
	mu   sync.Mutex
	errs []string
	do   func()
}

func (h *handler) Handle(err error) {
	if h.do != nil {
		h.do()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.errs = append(h.errs, err.Error())
}

func (h *handler) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.errs...)
}

func setHandler(t *testing.T, h *handler) {
	before := otel.GetErrorHandler()
	t.Cleanup(func() { otel.SetErrorHandler(before) })
	otel.SetErrorHandler(h)
}

func TestAPoolThatPanicsIsLeftOutAndNamedOnce(t *testing.T) {
	h := new(handler)
	setHandler(t, h)
	r := new(pool.Registry)
	publish(t, r, "bad", bad{})
	publish(t, r, "good", newFake())
	if _, err := r.AddController(badController{}); err != nil {
		t.Fatal(err)
	}
	reader := start(t, r)
	for range 3 {
		got := rows(t, reader)
		if len(got) != 5 {
			t.Errorf("%d rows, want the good pool's 5: %v", len(got), got)
		}
	}
	testcost.Until(t, "told", func() bool { return len(h.told()) > 0 })
	gather(t, reader)
	if all := h.told(); len(all) != 1 || !strings.Contains(all[0], `pool "bad" is not exported`) {
		t.Errorf("told %q", all)
	}
	if n, _ := r.Panics(); n != 8 {
		t.Errorf("%d panics counted, want two a collection", n)
	}
}

// waits is a pool and a controller that do not answer before they are told to.
type waits struct{ until chan struct{} }

func (w waits) Stats(*pool.Stats)              { <-w.until }
func (w waits) ControllerStats(*control.Stats) { <-w.until }

func TestAPoolThatHangsIsLeftOutAndNamedOnce(t *testing.T) {
	h := new(handler)
	setHandler(t, h)
	synctest.Test(t, func(t *testing.T) {
		r, hangs := new(pool.Registry), waits{make(chan struct{})}
		publish(t, r, "hangs", hangs)
		publish(t, r, "good", newFake())
		if _, err := r.AddController(hangs); err != nil {
			t.Fatal(err)
		}
		reader := start(t, r)
		for range 3 {
			begin := time.Now()
			if got := rows(t, reader); len(got) != 5 {
				t.Errorf("%d rows, want the good pool's 5: %v", len(got), got)
			}
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("a collection took %v", took)
			}
		}
		r.ObserveWait("hangs", time.Second)
		time.Sleep(time.Second) // errors are handled after the callback
		if all := h.told(); len(all) != 1 || !strings.Contains(all[0], `pool "hangs" is not exported while its Stats does not return`) {
			t.Errorf("told %q", all)
		}
		close(hangs.until)
	})
}

func TestAnErrorHandlerThatMakesAnInstrumentDoesNotHangCollect(t *testing.T) {
	r, reader := new(pool.Registry), metric.NewManualReader()
	mp := metric.NewMeterProvider(metric.WithReader(reader))
	h := &handler{do: func() {
		_, _ = mp.Meter("errors").Int64ObservableCounter("errors")
		_ = reader.Collect(t.Context(), new(metricdata.ResourceMetrics))
	}}
	setHandler(t, h)
	i, err := otelpool.Start(otelpool.WithMeterProvider(mp), otelpool.WithRegistry(r))
	if err != nil {
		t.Fatal(err)
	}
	defer i.Stop()
	publish(t, r, "bad", bad{})
	for n := range 1000 {
		publish(t, r, fmt.Sprint(n), newFake())
	}
	collected := make(chan bool)
	go func() {
		defer close(collected)
		gather(t, reader)
	}()
	select {
	case <-collected:
	case <-time.After(time.Minute):
		t.Fatal("Collect hangs")
	}
	testcost.Until(t, "both errors are told", func() bool { return len(h.told()) == 2 })
}

func TestNamesThatAreNotUTF8AreSeriesOfTheirOwn(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	a, b := newFake(), newFake()
	a.set(func(s *pool.Stats) { s.InUse = 1; s.Strategy = "odd\xff" })
	b.set(func(s *pool.Stats) { s.InUse = 2 })
	publish(t, r, "tenant-\xff", a)
	publish(t, r, "tenant-\xfe", b)
	got := rows(t, start(t, r))
	for name, want := range map[string]int64{`tenant-\\xff`: 1, `tenant-\\xfe`: 2} {
		if v, ok := got["otelpool.object.count otelpool.object.state=used,otelpool.pool.name="+name]; !ok || v != want {
			t.Errorf("%s: %d, %v; want %d in %v", name, v, ok, want, got)
		}
	}
}

func TestAttributesThatAreNotUTF8AreRefusedAllAtOnce(t *testing.T) {
	t.Parallel()
	i, err := otelpool.Start(otelpool.WithRegistry(new(pool.Registry)), otelpool.WithAttributes(
		attribute.String("ok", "größe"), attribute.String("region", "eu\xff"), attribute.String("k\xfe", "v"),
		attribute.StringSlice("zones", []string{"a", "b\xfd"}), attribute.Int("", 7),
		attribute.Slice("mixed", attribute.IntValue(1), attribute.StringValue("\xfc"))))
	if err == nil || i != nil {
		t.Fatalf("Start gave %v, %v", i, err)
	}
	for _, want := range []string{
		`value "eu\xff" of key "region" is not UTF-8: use "eu\\xff"`, `key "k\xfe" is not UTF-8: use "k\\xfe"`,
		`value "b\xfd" of key "zones[1]"`, `attribute 4, of value "7", has no key`, `value "\xfc" of key "mixed[1]"`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
	}
	if n := strings.Count(err.Error(), "WithAttributes"); n != 5 {
		t.Errorf("%d mistakes told, want 5: %v", n, err)
	}
}

func TestWhatAPoolCannotKnowIsNotExported(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "nothing", new(fake))
	if got := rows(t, start(t, r)); len(got) != 0 {
		t.Errorf("of a pool that knows nothing, %v is exported", got)
	}
}

func TestManyUnnamedWrapsAreQuick(t *testing.T) {
	one, two := testcost.Doubling(t, 10_000, func(n int) []func(int) {
		r, p, all := new(pool.Registry), new(sync.Pool), make([]*otelpool.SyncPool, n)
		wrap := func(i int) { all[i] = otelpool.Wrap(p, "", otelpool.WithRegistry(r)) }
		return []func(int){wrap, func(i int) {
			if want := fmt.Sprint("sync/", n); i == 0 && r.All()[n-1].Name() != want {
				t.Errorf("the last is %s, want %s", r.All()[n-1].Name(), want)
			}
			all[i].Close()
		}}
	})
	t.Logf("10,000 in %v, 20,000 in %v", one, two)
	if two > one*5/2 || one >= 500*time.Millisecond {
		t.Errorf("10,000 in %v, 20,000 in %v: want 500 ms, and 2.5 times that", one, two)
	}
}

func TestManyNamedPoolsAreQuick(t *testing.T) {
	one, two := testcost.Doubling(t, 10_000, func(n int) []func(int) {
		r, all := new(pool.Registry), make([]otelpool.Pool, n)
		return []func(int){func(i int) { all[i].Enter(r, strconv.Itoa(i)) }, func(i int) {
			if i == 0 && len(r.All()) != n {
				t.Errorf("%d rows for %d names", len(r.All()), n)
			}
		}}
	})
	t.Logf("10,000 in %v, 20,000 in %v", one, two)
	if two > one*5/2 {
		t.Errorf("10,000 in %v, 20,000 in %v: want 2.5 times that", one, two)
	}
}
