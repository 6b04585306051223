module github.com/otelpool/pool/adapters/zstdpool

go 1.26.0

replace github.com/otelpool/pool => ../..

require (
	github.com/klauspost/compress v1.20.4
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
)
