// Command basic is the smallest program that exports a pool: it prints the
// metrics to standard output.
package main

import (
	"context"
	"fmt"
	"log"
	"time"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

var bodies = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "http.body"}))

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	exporter, err := stdoutmetric.New(stdoutmetric.WithPrettyPrint())
	if err != nil {
		return err
	}
	reader := sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(10*time.Second))
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	if _, err := otelpool.Start(otelpool.WithMeterProvider(provider)); err != nil {
		return err
	}

	for n := range 1000 {
		handle(n)
	}

	// The provider first: its last export still sees the pool.
	err = provider.Shutdown(ctx)
	bodies.Close()
	return err
}

func handle(n int) {
	b := bodies.Get(1 + n*64)
	defer bodies.Put(b)
	_ = fmt.Appendf(b[:0], "request %d", n)
}
