module github.com/otelpool/pool/shims/bytebufferpool

go 1.26.0

replace github.com/otelpool/pool => ../..

require (
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
	github.com/valyala/bytebufferpool v1.0.0
)
