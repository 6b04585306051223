// Command otlp is an ingest gateway whose memory is pooled with otelpool, and
// whose pools an OpenTelemetry collector can watch.
//
// POST /ingest takes NDJSON, plain or gzipped, puts it in batches, compresses
// them and passes them on through an httputil.ReverseProxy. Bodies live in a
// SizeClasses pool, the proxy copies through a Fixed one, gzip writers and
// readers are Bounded, and a sync.Pool that was there before is counted by
// otelpool.Wrap: see pools.go for all of them and gateway.go for their use.
//
// It drives itself, shows what its pools do each second, in the terminal and on a
// live page whose address it prints, and compares with a short run without
// pooling:
//
//	go run ./examples/otlp -duration 10s
//	OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 go run ./examples/otlp
package main
