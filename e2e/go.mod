module github.com/otelpool/pool/e2e

go 1.26

replace github.com/otelpool/pool => ../
