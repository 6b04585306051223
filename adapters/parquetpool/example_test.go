package parquetpool_test

import (
	"bytes"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/parquetpool"
	"github.com/otelpool/pool/strategies"
)

func Example() {
	pages := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name:    "parquet",
		Classes: strategies.Explicit(strategies.DefaultChunk),
	}))
	defer pages.Close()
	pageBuffers := strategies.Must(parquetpool.New(parquetpool.Config{Buffers: pages}))

	type row struct{ Name string }
	var file bytes.Buffer
	w := parquet.NewGenericWriter[row](&file, parquet.ColumnPageBuffers(pageBuffers))
	w.Write([]row{{"first"}, {"second"}})
	w.Close()

	rows, err := parquet.Read[row](bytes.NewReader(file.Bytes()), int64(file.Len()))
	var s pool.Stats
	pages.Stats(&s)
	fmt.Println(rows, err, "gets:", s.Gets(), "puts:", s.Puts())
	// Output: [{first} {second}] <nil> gets: 1 puts: 1
}
