// Package deferred returns what a defer puts, and what looks like it.
package deferred

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/otelpool/pool"
)

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	slices  = sync.Pool{New: func() any { return new([]byte) }}
)

func get() *bytes.Buffer { return buffers.Get().(*bytes.Buffer) }

func put(b *bytes.Buffer) {
	b.Reset()
	buffers.Put(b)
}

func marshal(v any) ([]byte, error) {
	b := get()
	defer put(b)
	if err := json.NewEncoder(b).Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil // want `returned and put: the defer at line 27 puts this memory`
}

func sliced(p pool.Bytes, r io.Reader) []byte {
	b := p.Get(10)
	defer p.Put(b)
	n, _ := r.Read(b)
	return b[:n] // want `returned and put`
}

func literal(v any) []byte {
	b := get()
	defer func() { put(b) }()
	b.WriteString("x")
	return b.Bytes() // want `returned and put`
}

func namedResult() (out []byte, err error) {
	b := get()
	defer func() {
		put(b)
		if recover() != nil {
			err = io.EOF
		}
	}()
	out = b.Bytes()
	return out, nil // want `returned and put`
}

func whole() *bytes.Buffer {
	b := get()
	defer put(b)
	return b // want `returned and put`
}

func asReader() io.Reader {
	b := get()
	defer put(b)
	b.WriteString("x")
	return bytes.NewReader(b.Bytes()) // want `returned and put`
}

func appended(p pool.Bytes) []byte {
	b := p.Get(10)
	defer p.Put(b)
	return append(b[:0], "x"...) // want `returned and put`
}

func raw() json.RawMessage {
	b := get()
	defer put(b)
	return json.RawMessage(bytes.TrimSpace(b.Bytes())) // want `returned and put`
}

func pointed() []byte {
	p := slices.Get().(*[]byte)
	defer slices.Put(p)
	return (*p)[:0] // want `returned and put`
}

// From here on nothing is wrong.

func cloned() []byte {
	b := get()
	defer put(b)
	return bytes.Clone(b.Bytes())
}

func text() string {
	b := get()
	defer put(b)
	return b.String()
}

func stringOf(p pool.Bytes) string {
	b := p.Get(10)
	defer p.Put(b)
	return string(b)
}

func appendedElsewhere(p pool.Bytes) []byte {
	b := p.Get(10)
	defer p.Put(b)
	return append([]byte(nil), b...)
}

func length(p pool.Bytes) (int, error) {
	b := p.Get(10)
	defer p.Put(b)
	return len(b), nil
}

func byteOf(p pool.Bytes) byte {
	b := p.Get(10)
	defer p.Put(b)
	return b[0]
}

func writes(w io.Writer) (int64, error) {
	b := get()
	defer put(b)
	return b.WriteTo(w)
}

func handsOn() *bytes.Buffer {
	b := get()
	b.WriteString("x")
	return b
}

func copiesOut(p pool.Bytes) []byte {
	b := p.Get(10)
	defer p.Put(b)
	out := make([]byte, len(b))
	copy(out, b)
	return out
}
