package pool_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/poolz"
)

// pages is somebody's own pool: a channel of pages.
type pages struct {
	free         chan []byte
	hits, misses atomic.Uint64
}

func (p *pages) Get() []byte {
	select {
	case b := <-p.free:
		p.hits.Add(1)
		return b
	default:
		p.misses.Add(1)
		return make([]byte, 4096)
	}
}

func (p *pages) Put(b []byte) { p.free <- b }

// Stats is all that it takes to be exported and shown.
func (p *pages) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy, into.Idle = "pages", int64(len(p.free))
	into.IdleBytes = 4096 * into.Idle
	into.Requests[pool.Hit], into.Requests[pool.Miss] = p.hits.Load(), p.misses.Load()
	into.Knows = pool.Knowledge{Rows: pool.KnowsIdle | pool.KnowsIdleBytes, Requests: pool.SetOf(pool.Hit, pool.Miss)}
}

// These three let a controller take back what nobody uses.
func (p *pages) Limit() int64               { return pool.Unlimited }
func (p *pages) SetLimit(bytes int64) int64 { return pool.Unlimited }
func (p *pages) Trim(bytes int64) (trimmed int64) {
	for ; trimmed < bytes && len(p.free) > 0; trimmed += 4096 {
		<-p.free
	}
	return trimmed
}

// A pool of one's own is published in a registry, where exporters, the live page
// and the controller find it.
func ExampleRegistry_Publish() {
	p := &pages{free: make(chan []byte, 64)}
	registry := new(pool.Registry)
	published, err := registry.Publish("mine", p, pool.Reject)
	if err != nil {
		panic(err)
	}
	defer published.Close()
	p.Put(p.Get())
	p.Put(p.Get())

	reader := sdkmetric.NewManualReader() // exported
	exported, err := otelpool.Start(otelpool.WithRegistry(registry),
		otelpool.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
	if err != nil {
		panic(err)
	}
	defer exported.Stop()
	var metrics metricdata.ResourceMetrics
	fmt.Println(reader.Collect(context.Background(), &metrics), metrics.ScopeMetrics[0].Metrics[0].Name)

	page := httptest.NewRecorder() // shown
	poolz.Handler(poolz.WithRegistry(registry)).ServeHTTP(page, httptest.NewRequest("GET", "http://localhost/?format=text", nil))
	fmt.Println(strings.Contains(page.Body.String(), "mine (pages)"))

	ctl, err := adaptive.New(adaptive.Config{Registry: registry, Signals: short{}}) // sized
	if err != nil {
		panic(err)
	}
	defer ctl.Close()
	for second := range 10 {
		ctl.Step(time.Now().Add(time.Duration(second) * time.Second))
	}
	fmt.Println(len(p.free), "idle under pressure")
	// Output:
	// <nil> otelpool.requests
	// true
	// 0 idle under pressure
}

// short says that memory is short; without it a controller reads the process's own.
type short struct{}

func (short) Read(_ time.Time, r *adaptive.Reading) { r.Heap.Live, r.Heap.Limit = 90, 100 }
func (short) Watch(ctx context.Context, _ func(control.Trigger)) error {
	<-ctx.Done()
	return nil
}
