module github.com/otelpool/pool/poolprof

go 1.26.0

replace github.com/otelpool/pool => ..

require (
	github.com/google/pprof v0.0.0-20260906184651-6331bc6350fe
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
)
