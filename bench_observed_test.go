package pool_test

import (
	"context"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/benchcase"
	"github.com/otelpool/pool/otelpool"
)

// observed is a registry from which a reader collects every second, without the
// SDK's limit on series, so that 1,000 pools are collected in full.
func observed(tb testing.TB) *pool.Registry {
	r := new(pool.Registry)
	inst, err := otelpool.Start(otelpool.WithRegistry(r),
		otelpool.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(collecting(tb)), sdkmetric.WithCardinalityLimit(0))))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := inst.Stop(); err != nil {
			tb.Error(err)
		}
	})
	return r
}

// collecting is a reader that collects every second until the benchmark ends.
func collecting(tb testing.TB) sdkmetric.Reader {
	reader := sdkmetric.NewManualReader()
	var rm metricdata.ResourceMetrics
	benchcase.EverySecond(tb, func(ctx context.Context) error { return reader.Collect(ctx, &rm) })
	return reader
}
