module github.com/otelpool/pool/e2e/upstream

go 1.26.0

replace (
	github.com/otelpool/pool => ../..
	github.com/otelpool/pool/adapters/grpcpool => ../../adapters/grpcpool
)

require (
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
	github.com/otelpool/pool/adapters/grpcpool v0.0.0-00010101000000-000000000000
	golang.org/x/mod v0.43.0
)

require (
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/go-logr/logr v1.4.4 // indirect
	github.com/go-logr/stdr v1.2.2 // indirect
	go.opentelemetry.io/auto/sdk v1.2.1 // indirect
	go.opentelemetry.io/otel v1.47.0 // indirect
	go.opentelemetry.io/otel/log v1.47.0 // indirect
	go.opentelemetry.io/otel/metric v1.47.0 // indirect
	go.opentelemetry.io/otel/trace v1.47.0 // indirect
)
