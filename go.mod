module github.com/otelpool/pool

go 1.26
