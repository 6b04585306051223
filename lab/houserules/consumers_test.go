package houserules_test

// consumer is a program of somebody else's.
type consumer struct {
	imports  []string // the modules it requires besides the root, by their directories
	replaces []string // the shims that its go.mod puts in others' place, by their directories
	program  string   // "//documented" stands for the code in the documentation of what it imports
	prints   string
	ungraph  []string // what must not be in its module graph
	unlink   []string // what must not be linked
}

var consumers = map[string]consumer{
	"root": {
		program: `package main

import (
	"fmt"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

var bodies = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "bodies"}))

func main() {
	inst, err := otelpool.Start()
	if err != nil {
		panic(err)
	}
	defer inst.Stop()
	var p pool.Bytes = bodies
	p.Put(p.Get(1000))
	var s pool.Stats
	bodies.Stats(&s)
	fmt.Println(s.Name, s.Gets(), s.Puts())
}
`,
		prints:  "bodies 1 1\n",
		ungraph: []string{"google.golang.org/grpc@", "/exporters/otlp/"},
		unlink:  []string{otel + "/sdk", otel + "/exporters", "google.golang.org/"},
	},
	"doors": { // of docs/existing-programs.md, in one program, for the time that it takes to link each
		imports: []string{
			"adapters/grpcpool", "adapters/arrowpool", "adapters/franzpool", "adapters/parquetpool", "adapters/zstdpool",
		},
		replaces: []string{"shims/bytebufferpool"},
		program: `package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"
	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/arrowpool"
	"github.com/otelpool/pool/adapters/franzpool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/adapters/parquetpool"
	"github.com/otelpool/pool/adapters/zstdpool"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
	"github.com/parquet-go/parquet-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/valyala/bytebufferpool"
	"google.golang.org/grpc/experimental"
	"google.golang.org/grpc/mem"
)

//documented

func main() {
	column := memory.NewResizableBuffer(allocator)
	column.Resize(5000)
	column.Release()
	mem.Copy(make([]byte, 5000), mem.DefaultBufferPool()).Free()
	client, err := kgo.NewClient(kgo.WithPools(fetches)) // which connects when it is used
	if err != nil {
		panic(err)
	}
	client.Close()
	fetches.PutRecords(fetches.GetRecords(100))
	zipped := new(bytes.Buffer)
	zstds.Get(zipped).Close()
	unzstds.Get(zipped).Close()
	b := bytebufferpool.Get()
	b.SetString("text")
	bytebufferpool.Put(b)
	rows := parquet.NewGenericWriter[struct{ Name string }](io.Discard, parquet.ColumnPageBuffers(pageBuffers))
	rows.Write([]struct{ Name string }{{"first"}})
	rows.Close()
	for _, name := range []string{"arrow", "bytebufferpool", "grpc", "http.zstd", "kafka.records", "parquet"} {
		var s pool.Stats
		pool.Default.Lookup(name).Stats(&s)
		fmt.Println(s.Name, s.Gets(), s.Puts())
	}
}
`,
		prints:  "arrow 1 1\nbytebufferpool 1 1\ngrpc 1 1\nhttp.zstd 1 1\nkafka.records 1 1\nparquet 1 1\n",
		ungraph: []string{"/exporters/otlp/"},
		unlink:  []string{otel},
	},
	"poolconfig": {
		imports: []string{"poolconfig"},
		program: `package main

import (
	"fmt"
	"os"

	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
)

func main() {
	if err := os.WriteFile("pools.yaml", []byte("pools: {bodies: {limit: 8MiB}}"), 0o600); err != nil {
		panic(err)
	}
	conf, err := poolconfig.Load(poolconfig.Options{File: "pools.yaml"})
	if err != nil {
		panic(err)
	}
	bodies, err := poolconfig.NewSizeClasses(conf, strategies.SizeClassesConfig{Name: "bodies"})
	if err != nil {
		panic(err)
	}
	fmt.Println(bodies.Name(), bodies.Limit(), len(poolconfig.Schema()) > 0)
}
`,
		prints: "bodies 8388608 true\n",
		unlink: []string{otel, "google.golang.org/"},
	},
	"poolprof": {
		imports: []string{"poolprof"},
		program: `package main

import (
	"bytes"
	"fmt"

	"github.com/google/pprof/profile"

	"github.com/otelpool/pool/poolprof"
	"github.com/otelpool/pool/strategies"
)

var bodies = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "bodies", Safety: strategies.SafetyStrict}))

func main() {
	b := bodies.Get(1000)
	defer bodies.Put(b)
	var out bytes.Buffer
	if err := poolprof.Write(&out); err != nil {
		panic(err)
	}
	p, err := profile.Parse(&out)
	if err != nil {
		panic(err)
	}
	fmt.Println(p.Sample[0].Label["pool"], p.Sample[0].Location[0].Line[0].Function.Name)
}
`,
		prints: "[bodies] main.main\n",
		unlink: []string{otel, "go.yaml.in/", "google.golang.org/"},
	},
}
