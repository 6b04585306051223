package codecs_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/strategies"
)

// What a pool counts for its idle codecs is what the runtime says that they take, to
// within a twentieth.
func TestThePoolsBytesAreThoseOfTheHeap(t *testing.T) {
	skipIfStrict(t)
	page := adaptertest.Text(20_000)
	each(t, func(t *testing.T, f format) {
		for _, level := range levels {
			adaptertest.CodecBytes(t, 8, func() (adaptertest.Codecs, func() io.Closer) {
				p := strategies.Must(f.writers(level, quiet))
				return p, func() io.Closer {
					w := p.Get(io.Discard)
					_, _ = w.Write(page)
					return w
				}
			})
		}
		writers, _ := f.pools(quiet)
		in := compress(t, writers, page)
		adaptertest.CodecBytes(t, 100, func() (adaptertest.Codecs, func() io.Closer) {
			p := strategies.Must(f.readers(quiet))
			return p, func() io.Closer {
				r := p.Get(bytes.NewReader(in))
				_, _ = io.Copy(io.Discard, r)
				return r
			}
		})
	})
}
