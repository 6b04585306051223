module github.com/otelpool/pool/cmd/poolscope

go 1.26.0
