package main

import (
	"fmt"
	"strings"

	"github.com/otelpool/pool/lab/internal/others"
)

// program is somebody's module, and how our pools get into it.
type program struct {
	name       string
	module     others.Module
	change     change
	tests      []string          // packages, without ./
	parts      map[string]string // package: only its tests that match this run
	skip       map[string]string // tests that do not run in either copy, and why
	benchmarks []benchmarks
	note       string // why a requirement is broken, for the page
}

// benchmarks are those of a package that reach a pool in their loop.
type benchmarks struct {
	dir     string
	pattern string // as of go test -bench, one process for all that match
}

var programs = []program{
	{
		name: "fasthttp",
		module: others.Module{
			Path: "github.com/valyala/fasthttp", Version: "v1.78.0",
			Sum: "h1:tKfLdx7cD8HZOTP1wc2OpbQMbgO1HP12J0y/XMdyW6Q=",
		},
		change: shim{"github.com/valyala/bytebufferpool", "shims/bytebufferpool"},
		tests: []string{
			".", "expvarhandler", "fasthttpadaptor", "fasthttpproxy", "fasthttputil", "pprofhandler", "prefork", "reuseport",
			"stackless", "tcplisten",
		},
		skip: map[string]string{"TestDialerGetDialFunc": "looks up github.com: there may be no such network"},
		benchmarks: []benchmarks{
			{".", "^Benchmark(ClientGetTimeoutFastServer|ClientGetEndToEnd(1TCP|10Inmemory)|ClientEndToEndBigResponse10Inmemory)$"},
			{".", "^Benchmark(PipelineClient10|FSSmallFile|RequestRead(Chunked|ChunkedTrailers|TrailerSection)|RequestStreamE2E)$"},
		},
		note: "RequestReadChunked and RequestReadChunkedTrailers get and put a buffer for four bytes. In their CPU profiles the pool\n" +
			"takes 5.7 % with `Bounded`, a sixth of it for samples, and 6.3 % with the original. The order in which the linker lays\n" +
			"out the functions moves them more than that: the unchanged program takes 310 to 448 ns for the first. Eight orders\n" +
			"measured before these had ratios of 0.94 and 0.96.",
	},
	{
		name: "victoriametrics",
		module: others.Module{
			Path: "github.com/VictoriaMetrics/VictoriaMetrics", Version: "v1.151.0", // the last one for Go 1.26
			Sum: "h1:Svzb/7gPYbzmQnvLjab8h1Jl9olB76mokDE7ykvF/ro=",
		},
		change: rewriter{},
		tests: []string{
			"lib/bytesutil", "lib/chunkedbuffer", "lib/decimal", "lib/encoding", "lib/encoding/zstd", "lib/ioutil",
			"lib/leveledbytebufferpool", "lib/mergeset", "lib/prompb", "lib/promrelabel", "lib/promutil", "lib/slicesutil",
			"lib/protoparser/...", "lib/streamaggr", "lib/timerpool", "lib/uint64set", "lib/writeconcurrencylimiter",
		},
		benchmarks: []benchmarks{
			{"lib/mergeset", "^BenchmarkInmemoryBlock(Marshal|Unmarshal)$/^prefix-len-(1|9|33)$"},
			{"lib/encoding", "^Benchmark(Marshal|Unmarshal)(GaugeArray|Int64Array)$"},
			{"lib/decimal", "^BenchmarkAppendFloatToDecimal$"},
			{"lib/protoparser/opentelemetry/stream", "^BenchmarkParseStream$"},
		},
		note: "An `otelpool.Pool` keeps objects for as long as a sync.Pool does, so that none of these can allocate less.",
	},
	{
		name: "client_golang",
		module: others.Module{
			Path: "github.com/prometheus/client_golang", Version: "v1.25.0",
			Sum: "h1:cDtW1TcFsMi1RJc8khwCKB4VhzwV04aKqbYtNOXuiK0=",
		},
		change: rewriter{[]edit{kept("prometheus/promhttp/http.go", "gzipPool", 814_000)}},
		tests:  []string{"prometheus/..."},
		benchmarks: []benchmarks{
			{"prometheus/promhttp", "^BenchmarkCompression$/^op=test_with_gzip_compression,size=(small|medium|large)$"},
		},
		note: "A scrape takes one gzip.Writer of 800 kB. A sync.Pool loses it to the collections between two scrapes.",
	},
	{
		name: "prometheus",
		module: others.Module{
			Path: "github.com/prometheus/prometheus", Version: "v0.316.0",
			Sum: "h1:f1GRFerhTMKQma+awCoC9T820ecWeGSdF+xAlMHzZzM=",
		},
		change: rewriter{[]edit{replaced("util/zeropool/pool.go", zeropool)}},
		tests:  []string{"model/labels", "model/textparse", "promql", "tsdb", "tsdb/chunkenc", "tsdb/record", "util/pool", "util/zeropool"},
		parts:  map[string]string{"tsdb": "^Test(Head|Isolation|MemSeries)"},
		benchmarks: []benchmarks{
			{"tsdb", "^BenchmarkHeadAppender_AppendCommit$/^appender=v1$/^case=floats/^series=100$/^samples_per_append=(1|100)$"},
			{"util/zeropool", "^BenchmarkZeropoolPool$"},
		},
	},
	{
		name: "caddy",
		module: others.Module{
			Path: "github.com/caddyserver/caddy/v2", Version: "v2.11.9",
			Sum: "h1:bhZtcRKQOq0fuLvEgCdPYvUxXyGn9kzjG4lh2332DTE=",
		},
		change: rewriter{},
		tests: []string{
			"modules/caddyhttp/encode/...", "modules/caddyhttp/fileserver", "modules/caddyhttp/reverseproxy/...",
			"modules/caddyhttp/templates",
		},
		benchmarks: []benchmarks{
			{"modules/caddyhttp/encode", "^BenchmarkEncodeHandlerCorpus$/^payload-(html|css)$/./^compress-level-(5|default)$"},
		},
		note: "An `otelpool.Pool` keeps these writers no longer than a sync.Pool does. Each is about a megabyte, so a few misses more\n" +
			"or fewer show in the bytes.",
	},
}

func names() (all []string) {
	for _, p := range programs {
		all = append(all, p.name)
	}
	return all
}

// chosen is the program of that name, or all for none.
func chosen(name string) ([]program, error) {
	if name == "" {
		return programs, nil
	}
	for _, p := range programs {
		if p.name == name {
			return []program{p}, nil
		}
	}
	return nil, fmt.Errorf("-program %q: want one of %s", name, strings.Join(names(), ", "))
}
