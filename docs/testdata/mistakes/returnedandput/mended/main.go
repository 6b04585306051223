// The caller gets a copy.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"sync"

	"github.com/otelpool/pool/otelpool"
)

var buffers = otelpool.Wrap(&sync.Pool{New: func() any { return new(bytes.Buffer) }}, "pages")

func render(v any) ([]byte, error) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	defer buffers.Put(b)
	if err := json.NewEncoder(b).Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(b.Bytes()), nil
}

func main() {
	text, err := render("hello")
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(text)
}
