module github.com/otelpool/pool/benchmarks

go 1.26.0

replace github.com/otelpool/pool => ..

require (
	github.com/bytedance/gopkg v0.1.4
	github.com/libp2p/go-buffer-pool v0.1.0
	github.com/otelpool/pool v0.0.0-00010101000000-000000000000
	github.com/oxtoacart/bpool v0.0.0-20190530202638-03653db5a59c
	github.com/panjf2000/gnet/v2 v2.9.7
	github.com/prometheus/prometheus v0.315.0
	github.com/valyala/bytebufferpool v1.0.0
	github.com/vmihailenco/bufpool v0.1.11
	google.golang.org/grpc v1.85.0
)

require golang.org/x/sys v0.48.0 // indirect
