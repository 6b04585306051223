package direct_test

import (
	"log"

	"go.opentelemetry.io/otel/exporters/stdout/stdoutmetric"
	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/otelpool/direct"
)

func ExampleProducer() {
	exporter, err := stdoutmetric.New()
	if err != nil {
		log.Fatal(err)
	}
	producer := direct.New()
	provider := metric.NewMeterProvider(metric.WithReader(
		metric.NewPeriodicReader(exporter, metric.WithProducer(producer))))
	inst, err := producer.Start(provider, otelpool.WithSizeClasses("http.body"))
	if err != nil {
		log.Fatal(err)
	}
	defer inst.Stop()
}
