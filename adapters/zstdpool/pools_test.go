package zstdpool_test

import (
	"bytes"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/zstdpool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
)

const window = 512 << 10

func quiet() codecs.Config { return codecs.Config{Safety: strategies.SafetyOff} }

func writers(level zstd.EncoderLevel) *codecs.Writers {
	return strategies.Must(zstdpool.NewWriters(level, window, quiet()))
}

func readers() *codecs.Readers { return strategies.Must(zstdpool.NewReaders(window, quiet())) }

func compress(t *testing.T, p *codecs.Writers, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := p.Get(&out)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsWrittenIsReadAndSecondClosesAreHarmless(t *testing.T) {
	t.Parallel()
	for _, level := range []zstd.EncoderLevel{zstd.SpeedFastest, zstd.SpeedDefault, zstd.SpeedBetterCompression} {
		w, r := writers(level), readers()
		for _, n := range []int{0, 1, 1000, 200_000, 10} {
			old := w.Get(io.Discard)
			_ = old.Close()
			var out bytes.Buffer
			z := w.Get(&out)
			_ = old.Close()
			if _, err := old.Write([]byte("stray")); err == nil {
				t.Error("a Write after Close succeeds")
			}
			if _, err := z.Write(adaptertest.Text(n)); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			in := r.Get(&out)
			if got, err := io.ReadAll(in); err != nil || !bytes.Equal(got, adaptertest.Text(n)) {
				t.Errorf("%v, %d bytes: read %d, %v", level, n, len(got), err)
			}
			_, _ = in.Close(), in.Close()
			if _, err := in.Read(make([]byte, 1)); err == nil {
				t.Error("a Read after Close succeeds")
			}
		}
		if w, r := stats(w), stats(r); w.Gets() != w.Puts() || r.Gets() != r.Puts() || w.Requests[pool.Hit] == 0 {
			t.Errorf(
				"%d Gets, %d Puts of writers, %d, %d of readers, %d hits",
				w.Gets(),
				w.Puts(),
				r.Gets(),
				r.Puts(),
				w.Requests[pool.Hit],
			)
		}
	}
}

func stats(p interface{ Stats(into *pool.Stats) }) (s pool.Stats) {
	p.Stats(&s)
	return s
}

func TestBadStreamsAreErrorsAndTheDecoderIsUsedAgain(t *testing.T) {
	t.Parallel()
	good := compress(t, writers(zstd.SpeedFastest), adaptertest.Text(100_000))
	large := compress(t, strategies.Must(zstdpool.NewWriters(zstd.SpeedFastest, 4*window, quiet())), adaptertest.Text(2*window))
	p := readers()
	for name, bad := range map[string][]byte{"none": []byte("no such stream"), "cut": good[:len(good)/2], "window": large} {
		r := p.Get(bytes.NewReader(bad))
		if _, err := io.ReadAll(r); err == nil {
			t.Errorf("%s: no error", name)
		}
		_ = r.Close()
		r = p.Get(bytes.NewReader(good))
		if got, err := io.ReadAll(r); err != nil || len(got) != 100_000 {
			t.Errorf("after %s: %d bytes, %v", name, len(got), err)
		}
		_ = r.Close()
	}
}

func TestConfigErrorsNameEveryMistake(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	_, err := zstdpool.NewWriters(9, 1000, codecs.Config{Name: "z", Registry: r, Limit: -1})
	for _, want := range []string{
		"level is 9: use fastest (1) to best (4)", "window is 1000: use a power of two from 1024", "Limit is -1",
	} {
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), ".Limit", " Limit"), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
	if _, err := zstdpool.NewReaders(0, codecs.Config{Name: "z", Registry: r}); err == nil ||
		!strings.Contains(err.Error(), "window is 0") {
		t.Errorf("got error %v", err)
	}
	if len(r.All()) != 0 {
		t.Error("a pool with a bad config is published")
	}
}

func TestAStreamOfAWarmPoolDoesNotAllocate(t *testing.T) {
	w, r := writers(zstd.SpeedFastest), readers()
	page, b := adaptertest.Text(10_000), make([]byte, 20_000)
	var out bytes.Buffer
	write := func() {
		out.Reset()
		z := w.Get(&out)
		_, _ = z.Write(page)
		_ = z.Close()
	}
	write()
	if n := testalloc.PerRun(20, write); n != 0 {
		t.Errorf("%v allocations per stream written", n)
	}
	in := bytes.NewReader(out.Bytes())
	n := testalloc.PerRun(20, func() {
		in.Reset(out.Bytes())
		z := r.Get(in)
		for err := error(nil); err == nil; {
			_, err = z.Read(b)
		}
		_ = z.Close()
	})
	t.Logf("%v allocations per stream read", n)
	if n > 2 {
		t.Errorf("%v allocations per stream read", n)
	}
}

// Neither idle codecs, nor those that the pool drops, nor those that nobody closes have
// goroutines.
func TestNoCodecHasAGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	registry := new(pool.Registry)
	c := quiet()
	c.Name, c.Registry = "z", registry
	w := strategies.Must(zstdpool.NewWriters(zstd.SpeedFastest, window, c))
	c.Name = "r"
	r := strategies.Must(zstdpool.NewReaders(window, c))
	plain := adaptertest.Text(1 << 20)
	page := compress(t, w, plain)
	for range 3 {
		open, reading := w.Get(io.Discard), r.Get(bytes.NewReader(page))
		_, _ = open.Write(plain)
		_, _ = reading.Read(make([]byte, 1000))
		defer open.Close()
		closed := r.Get(bytes.NewReader(page))
		_, _ = io.CopyN(io.Discard, closed, 1000) // the rest is not read
		_ = closed.Close()
	}
	noMore(t, before)
	for _, name := range []string{"z", "r"} {
		registry.Lookup(name).Source().(control.Resizable).Trim(math.MaxInt64)
	}
	if w, r := stats(w), stats(r); w.Idle != 0 || r.Idle != 0 {
		t.Errorf("%d writers and %d readers idle after a Trim", w.Idle, r.Idle)
	}
	w.Close()
	r.Close()
	noMore(t, before)
}

// noMore fails if there are more goroutines than before. The runtime's come and go.
func noMore(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines more", runtime.NumGoroutine()-before)
		}
	}
}

// What the pools count is what the runtime says that codecs take, to within a twentieth.
func TestThePoolsBytesAreThoseOfTheHeap(t *testing.T) {
	page := adaptertest.Text(window + window/4) // longer than a window
	for level := zstd.SpeedFastest; level <= zstd.SpeedBestCompression; level++ {
		adaptertest.CodecBytes(t, 1, func() (adaptertest.Codecs, func() io.Closer) {
			c := quiet()
			c.Limit = pool.Unlimited
			p := strategies.Must(zstdpool.NewWriters(level, window, c))
			return p, func() io.Closer {
				w := p.Get(io.Discard)
				_, _ = w.Write(page)
				return w
			}
		})
	}
	in := compress(t, writers(zstd.SpeedFastest), page)
	adaptertest.CodecBytes(t, 4, func() (adaptertest.Codecs, func() io.Closer) {
		p := readers()
		return p, func() io.Closer {
			r := p.Get(bytes.NewReader(in))
			_, _ = io.Copy(io.Discard, r)
			return r
		}
	})
}
