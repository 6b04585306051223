// Package forgets has Gets without Put on some path, and what looks like it.
package forgets

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

var (
	buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
	readers sync.Pool
	bounded = new(strategies.Bounded[int])
)

func errorPath(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	if _, err := w.Write(b); err != nil {
		return err // want `forgotten Put: on this return the object taken at line 21 does not go back to its pool`
	}
	p.Put(b)
	return nil
}

func buffer(r io.Reader, w io.Writer) error {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	if _, err := b.ReadFrom(io.LimitReader(r, 100)); err != nil {
		return err // want `forgotten Put`
	}
	_, err := b.WriteTo(w)
	buffers.Put(b)
	return err
}

func early(p pool.Bytes, ok bool) {
	b := p.Get(10)
	if !ok {
		return // want `forgotten Put`
	}
	b[0] = 1
	p.Put(b)
}

func object(ok bool) int {
	x := bounded.Get()
	if !ok {
		return 0 // want `forgotten Put`
	}
	n := *x
	bounded.Put(x)
	return n
}

func withError(ok bool) (int, error) {
	x, err := bounded.GetE()
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, io.EOF // want `forgotten Put`
	}
	n := *x
	bounded.Put(x)
	return n, nil
}

func inLoop(p pool.Bytes, w io.Writer) error {
	for range 3 {
		b := p.Get(10)
		if _, err := w.Write(b); err != nil {
			return err // want `forgotten Put`
		}
		p.Put(b)
	}
	return nil
}

func switches(p pool.Bytes, n int) {
	b := p.Get(10)
	switch n {
	case 1:
		p.Put(b)
	case 2:
		b[0] = 1
	default:
		p.Put(b)
	}
} // want `forgotten Put`

func overEach(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	for i := range b {
		b[i] = 'x'
	}
	if _, err := w.Write(b); err != nil {
		return err // want `forgotten Put`
	}
	p.Put(b)
	return nil
}

// From here on nothing is wrong.

func deferred(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	defer p.Put(b)
	if _, err := w.Write(b); err != nil {
		return err
	}
	return nil
}

func deferredLiteral(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	defer func() { p.Put(b) }()
	if _, err := w.Write(b); err != nil {
		return err
	}
	return nil
}

func everyPath(p pool.Bytes, w io.Writer) error {
	b := p.Get(10)
	if _, err := w.Write(b); err != nil {
		p.Put(b)
		return err
	}
	p.Put(b)
	return nil
}

func dropsLarge(r io.Reader, w io.Writer) {
	b := buffers.Get().(*bytes.Buffer)
	b.Reset()
	b.ReadFrom(r)
	b.WriteTo(w)
	if b.Cap() > 1<<16 {
		return
	}
	buffers.Put(b)
}

func returned(p pool.Bytes, ok bool) []byte {
	b := p.Get(10)
	if ok {
		p.Put(b)
		return nil
	}
	return b
}

type keeper struct{ b []byte }

func (k *keeper) stored(p pool.Bytes, ok bool) {
	b := p.Get(10)
	if ok {
		p.Put(b)
		return
	}
	k.b = b
}

func handed(p pool.Bytes, c chan []byte, ok bool) {
	b := p.Get(10)
	if !ok {
		p.Put(b)
		return
	}
	c <- b
}

func owned(p pool.Bytes, take func([]byte) error, ok bool) error {
	b := p.Get(10)
	if !ok {
		p.Put(b)
		return nil
	}
	return take(b)
}

func broken(r io.Reader, w io.Writer) error {
	z, _ := readers.Get().(*gzip.Reader)
	if z == nil {
		z = new(gzip.Reader)
	}
	if err := z.Reset(r); err != nil {
		return err // a decoder that failed is dropped on purpose
	}
	_, err := io.Copy(w, z)
	readers.Put(z)
	return err
}

func goroutine(p pool.Bytes, w io.Writer, ok bool) {
	b := p.Get(10)
	if !ok {
		p.Put(b)
		return
	}
	go func() {
		w.Write(b)
		p.Put(b)
	}()
}

func handedInLoop(p pool.Bytes, r io.Reader, take func([]byte) error) error {
	for {
		b := p.Get(10)
		n, err := r.Read(b)
		if n == 0 {
			p.Put(b)
			return err
		}
		if err := take(b[:n]); err != nil { // what it was given is its own
			return err
		}
	}
}
