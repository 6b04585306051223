module github.com/otelpool/pool/adapters/arrowpool

go 1.26.0

replace github.com/otelpool/pool => ../..

require (
	github.com/apache/arrow-go/v18 v18.8.0
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
)

require golang.org/x/sys v0.48.0 // indirect
