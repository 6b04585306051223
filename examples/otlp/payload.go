package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
)

// payload is the body of one request.
type payload struct {
	body []byte
	gzip bool
	done func() // gives the body back; nil if there is nothing to give
}

// source is where the load's payloads come from. next is called by one
// goroutine; false is the end.
type source interface {
	next() (payload, bool)
	close()
}

// interruptible is a source that does not hold up the end of the program: a pipe
// may keep its reader waiting for ever.
type interruptible struct {
	source
	left bool // somebody still waits in next, until the program ends
}

// nextUntil is next, or nothing if ctx ends first. Then it must not be called again.
func (s *interruptible) nextUntil(ctx context.Context) (payload, bool) {
	type answer struct {
		payload
		more bool
	}
	got := make(chan answer, 1)
	go func() {
		p, more := s.source.next()
		got <- answer{p, more}
	}()
	select {
	case a := <-got:
		return a.payload, a.more
	case <-ctx.Done():
		s.left = true
		return payload{}, false
	}
}

// close leaves the source to whoever waits in it.
func (s *interruptible) close() {
	if !s.left {
		s.source.close()
	}
}

// corpus is made-up log records in bodies of very different sizes, every other
// one gzipped: made once, so that the load itself allocates little.
type corpus struct {
	payloads []payload
	rand     *rand.Rand
}

const (
	corpusBodies  = 64
	fewestRecords = 4
	mostRecords   = 1500
	recordBytes   = 180 // about
)

func newCorpus(seed uint64) *corpus {
	r := rand.New(rand.NewPCG(seed, 3))
	c := &corpus{rand: r}
	for i := range corpusBodies {
		// Spread evenly over the orders of magnitude, as body sizes are.
		n := fewestRecords * math.Pow(float64(mostRecords)/fewestRecords, r.Float64())
		body := records(r, int(n))
		if i%2 == 1 {
			body = zipped(body)
		}
		c.payloads = append(c.payloads, payload{body: body, gzip: i%2 == 1})
	}
	return c
}

func (c *corpus) next() (payload, bool) { return c.payloads[c.rand.IntN(len(c.payloads))], true }

func (c *corpus) close() {}

func records(r *rand.Rand, n int) []byte {
	levels := []string{"debug", "info", "info", "info", "warn", "error"}
	services := []string{"checkout", "cart", "search", "payment", "shipping"}
	var b bytes.Buffer
	b.Grow(n * recordBytes)
	for range n {
		fmt.Fprintf(
			&b,
			`{"ts":"2026-11-23T10:%02d:%02d.%03dZ","level":%q,"service":%q,"trace":"%016x%016x","msg":"request `+
				`served","status":%d,"ms":%.2f}`+"\n",
			r.IntN(60),
			r.IntN(60),
			r.IntN(1000),
			levels[r.IntN(len(levels))],
			services[r.IntN(len(services))],
			r.Uint64(),
			r.Uint64(),
			200+100*r.IntN(4),
			r.ExpFloat64()*20,
		)
	}
	return b.Bytes()
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(b) // to memory: does not fail
	_ = z.Close()
	return out.Bytes()
}
