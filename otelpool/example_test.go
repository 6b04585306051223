package otelpool_test

import (
	"bytes"
	"fmt"
	"log"
	"sync"

	"go.opentelemetry.io/otel/sdk/metric"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
)

func ExampleStart() {
	provider := metric.NewMeterProvider() // with a reader, and an exporter
	inst, err := otelpool.Start(
		otelpool.WithMeterProvider(provider),
		otelpool.WithSizeClasses("http.body"),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer inst.Stop()
}

func ExamplePool() {
	type server struct {
		bufs otelpool.Pool // a sync.Pool before
	}
	s := &server{bufs: otelpool.Pool{New: func() any { return new(bytes.Buffer) }, Name: "server.bufs"}}

	b := s.bufs.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString("hello")
	fmt.Println(b)
	s.bufs.Put(b)
	// Output: hello
}

func ExampleWrap() {
	bufs := otelpool.Wrap(&sync.Pool{New: func() any { return new(bytes.Buffer) }}, "render")
	defer bufs.Close()

	b := bufs.Get().(*bytes.Buffer)
	b.Reset()
	b.WriteString("hello")
	bufs.Put(b)

	var s pool.Stats
	bufs.Stats(&s)
	fmt.Println(s.Name, "misses:", s.Requests[pool.Miss], "in use:", s.InUse)
	// Output: render misses: 1 in use: 0
}
