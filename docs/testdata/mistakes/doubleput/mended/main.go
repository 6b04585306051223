// Each buffer has one owner, which gives it back once.
package main

import (
	"io"
	"os"
	"strings"

	"github.com/otelpool/pool/strategies"
)

var buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "copies"}))

func pass(w io.Writer, r io.Reader) error {
	b := buffers.Get(4096)
	defer buffers.Put(b)
	n, err := r.Read(b)
	if err != nil {
		return err
	}
	_, err = w.Write(b[:n])
	return err
}

type body struct{ buf []byte }

func (b *body) Close() error {
	if b.buf != nil {
		buffers.Put(b.buf)
		b.buf = nil
	}
	return nil
}

type request struct{ body []byte }

type response struct{ sent []byte }

func send(r *request) *response {
	s := &response{sent: r.body}
	r.body = nil
	return s
}

func (r *request) done() { buffers.Put(r.body) }

func (r *response) done() { buffers.Put(r.sent) }

func main() {
	_ = pass(os.Stdout, strings.NewReader(""))
	b := &body{buffers.Get(100)}
	b.Close()
	b.Close()
	r := &request{buffers.Get(100)}
	s := send(r)
	r.done()
	s.done()
}
