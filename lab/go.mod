module github.com/otelpool/pool/lab

go 1.26.0

replace github.com/otelpool/pool => ../

require github.com/otelpool/pool v0.0.0-00010101000000-000000000000
