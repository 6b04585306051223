package codecs_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
)

// format is a pair of pools that understand each other.
type format struct {
	name    string
	writers func(level int, c codecs.Config) (*codecs.Writers, error)
	readers func(codecs.Config) (*codecs.Readers, error)
	plain   func(io.Reader) (io.ReadCloser, error) // of the package itself
}

var formats = []format{
	{"gzip", codecs.NewGzipWriters, codecs.NewGzipReaders, func(r io.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"zlib", codecs.NewZlibWriters, codecs.NewZlibReaders, zlib.NewReader},
}

// levels have all that package flate does differently.
var levels = []int{
	flate.HuffmanOnly, flate.DefaultCompression, flate.NoCompression, flate.BestSpeed, 2, 4, 7, flate.BestCompression,
}

func each(t *testing.T, test func(t *testing.T, f format)) {
	t.Helper()
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	}
}

func (f format) pools(c codecs.Config) (*codecs.Writers, *codecs.Readers) {
	return strategies.Must(f.writers(gzip.BestSpeed, c)), strategies.Must(f.readers(c))
}

// quiet is a pool that checks nobody, since a check allocates.
var quiet = codecs.Config{Safety: strategies.SafetyOff}

// skipIfStrict skips what a debug build, whose pools are all strict, has otherwise: each
// stream a new codec, and for use after Close a panic.
func skipIfStrict(t *testing.T) {
	t.Helper()
	p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[int]{
		New: func() *int { return new(int) }, Safety: strategies.SafetyOff,
	}))
	if p.Safety() == strategies.SafetyStrict {
		t.Skip("a debug build: TestUseAfterCloseInAStrictPoolPanicsWithThePlaceOfTheClose is for that")
	}
}

func stats(p adaptertest.Codecs) (s pool.Stats) {
	p.Stats(&s)
	return s
}

func compress(t *testing.T, p *codecs.Writers, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := p.Get(&out)
	if n, err := w.Write(text); n != len(text) || err != nil {
		t.Fatalf("wrote %d of %d bytes: %v", n, len(text), err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f format) {
		for _, level := range levels {
			writers := strategies.Must(f.writers(level, quiet))
			readers := strategies.Must(f.readers(quiet))
			for _, n := range []int{0, 1, 1000, 70_000, 10} {
				want := adaptertest.Text(n)
				out := compress(t, writers, want)
				plain, err := f.plain(bytes.NewReader(out))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(plain); err != nil || !bytes.Equal(got, want) {
					t.Errorf("level %d, %d bytes: the package reads %d, %v", level, n, len(got), err)
				}
				r := readers.Get(bytes.NewReader(out))
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("level %d, %d bytes: a pooled reader reads %d, %v", level, n, len(got), err)
				}
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			}
			if w, r := stats(writers), stats(readers); w.InUse != 0 || r.InUse != 0 || w.Gets() != 5 || r.Gets() != 5 {
				t.Errorf("level %d: %d writers, %d readers in use; want none", level, w.InUse, r.InUse)
			}
		}
	})
}

func TestFlushReachesTheReader(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		var out bytes.Buffer
		w := writers.Get(&out)
		defer w.Close()
		if _, err := io.WriteString(w, "now"); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		r := readers.Get(&out)
		defer r.Close()
		var b [10]byte
		if n, err := r.Read(b[:]); string(b[:n]) != "now" || err != nil {
			t.Errorf("read %q, %v", b[:n], err)
		}
	})
}

// A handler that closes, and a deferred Close after it, gave one encoder to two requests:
// opentelemetry-collector#13954.
func TestASecondCloseDoesNotTouchTheNextUser(t *testing.T) {
	t.Parallel()
	skipIfStrict(t)
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		want := adaptertest.Text(1000)
		for range 20 { // in most rounds the next user has the same codec
			var out bytes.Buffer
			old := writers.Get(io.Discard)
			closeHere(old)
			w := writers.Get(&out)
			closeHere(old)
			other := writers.Get(io.Discard)
			if _, err := w.Write(want); err != nil {
				t.Fatalf("after another's second Close: %v", err)
			}
			closeHere(old)
			closeHere(w)
			closeHere(other)
			oldReader := readers.Get(&out)
			closeHere(oldReader)
			r := readers.Get(&out)
			closeHere(oldReader)
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("read %d bytes, %v", len(got), err)
			}
			closeHere(r)
		}
		w, r := stats(writers), stats(readers)
		if w.Gets() != 60 || w.Puts() != 60 || r.Gets() != 40 || r.Puts() != 40 || w.Requests[pool.Hit] == 0 ||
			r.Requests[pool.Hit] == 0 {
			t.Errorf(
				"writers: %d Gets, %d Puts, readers: %d, %d; want 60 and 40 of each, some hits",
				w.Gets(),
				w.Puts(),
				r.Gets(),
				r.Puts(),
			)
		}
	})
}

func TestUseAfterCloseIsAnErrorAndTouchesNoOther(t *testing.T) {
	t.Parallel()
	skipIfStrict(t)
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		var out bytes.Buffer
		old := writers.Get(io.Discard)
		old.Close()
		w := writers.Get(&out)
		_, err := old.Write([]byte("stray"))
		if want := "codecs: use of a " + f.name + " writer after its Close"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s…", err, want)
		}
		if again := old.Flush(); !errors.Is(again, err) {
			t.Errorf("Flush: %v", again)
		}
		_, _ = w.Write([]byte("mine")) // as Close says
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r := readers.Get(&out)
		if got, err := io.ReadAll(r); string(got) != "mine" {
			t.Errorf("the next user's stream has %q, %v", got, err)
		}
		r.Close()
		_, err = r.Read(make([]byte, 1))
		if want := "codecs: use of a " + f.name + " reader after its Close"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got error %v, want %s…", err, want)
		}
	})
}

func TestUseAfterCloseInAStrictPoolPanicsWithThePlaceOfTheClose(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(codecs.Config{Safety: strategies.SafetyStrict})
		w, r := writers.Get(io.Discard), readers.Get(strings.NewReader(""))
		closeHere(w)
		closeHere(r)
		for name, use := range map[string]func(){
			"Write": func() { _, _ = w.Write(nil) },
			"Flush": func() { _ = w.Flush() },
			"Read":  func() { _, _ = r.Read(nil) },
		} {
			said := panicOf(use)
			for _, want := range []string{"pool: codecs: use of a " + f.name, "after its Close", "closeHere", "codecs_test.go:"} {
				if !strings.Contains(said, want) {
					t.Errorf("%s panics with %q, want %q in it", name, said, want)
				}
			}
			_, place, _ := strings.Cut(said, "closed at")
			if first, _, _ := strings.Cut(place, "codecs_test.go"); strings.Contains(first, "codecs.Writer") {
				t.Errorf("the place begins within the package: %s", said)
			}
		}
		closeHere(w)
		closeHere(r)
	})
}

//go:noinline
func closeHere(c io.Closer) { _ = c.Close() }

func panicOf(f func()) (said string) {
	defer func() { said = fmt.Sprint(recover()) }()
	f()
	return ""
}

// In a strict pool a handle that nobody closed is found.
func TestAForgottenCloseIsFound(t *testing.T) {
	t.Parallel()
	writers, _ := formats[0].pools(codecs.Config{Safety: strategies.SafetyStrict})
	func() { _, _ = writers.Get(io.Discard).Write([]byte("text")) }()
	for try := 0; ; try++ {
		runtime.GC()
		runtime.Gosched()
		if s := stats(writers); s.Misuse[pool.MisuseLost] == 1 {
			return
		} else if try > 10_000 {
			t.Fatalf("misuse %v, want one that was lost", s.Misuse)
		}
	}
}

func TestTheZeroHandleIsAnError(t *testing.T) {
	t.Parallel()
	var w codecs.Writer
	var r codecs.Reader
	_, err1 := w.Write([]byte("text"))
	_, err2 := r.Read(make([]byte, 1))
	if err1 == nil || err2 == nil || w.Flush() == nil || w.Close() != nil || r.Close() != nil {
		t.Errorf("Write: %v, Read: %v", err1, err2)
	}
	if _, err := strategies.Must(codecs.NewGzipWriters(1, quiet)).Get(nil).Write(adaptertest.Text(100)); err == nil {
		t.Error("a Write to nil succeeds")
	}
	if _, err := strategies.Must(codecs.NewGzipReaders(quiet)).Get(nil).Read(make([]byte, 1)); err == nil {
		t.Error("a Read from nil succeeds")
	}
}

func TestErrorsOfTheStreamAreReturnedAndTheCodecIsUsedAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		full := errors.New("disk full")
		w := writers.Get(failing{full})
		_, err := w.Write(adaptertest.Text(1 << 20))
		if closed := w.Close(); !errors.Is(err, full) || !errors.Is(closed, full) {
			t.Errorf("Write: %v, Close: %v", err, closed)
		}
		good := compress(t, writers, adaptertest.Text(5000))
		spoilt := bytes.Clone(good)
		spoilt[len(spoilt)-1]++
		for _, bad := range [][]byte{nil, []byte("no such stream"), good[:len(good)/2], spoilt} {
			r := readers.Get(bytes.NewReader(bad))
			if _, err := io.ReadAll(r); err == nil {
				t.Errorf("%d bytes are read without an error", len(bad))
			}
			r.Close()
			r = readers.Get(bytes.NewReader(good))
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, adaptertest.Text(5000)) {
				t.Errorf("after %d bad bytes: read %d, %v", len(bad), len(got), err)
			}
			r.Close()
		}
		if w, r := stats(writers), stats(readers); w.Returns[pool.Refused] != 0 || r.Returns[pool.Refused] != 0 {
			t.Errorf("%d writers and %d readers refused, want none", w.Returns[pool.Refused], r.Returns[pool.Refused])
		}
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

type panicking struct{}

func (panicking) Write([]byte) (int, error) { panic("the destination is broken") }
func (panicking) Read([]byte) (int, error)  { panic("the source is broken") }

func TestACodecThatPanickedIsNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		w, r := writers.Get(panicking{}), readers.Get(panicking{})
		if said := panicOf(func() { _, _ = w.Write(adaptertest.Text(1 << 20)) }); said != "the destination is broken" {
			t.Errorf("the panic is %q", said)
		}
		if said := panicOf(func() { _, _ = r.Read(make([]byte, 1)) }); said != "the source is broken" {
			t.Errorf("the panic is %q", said)
		}
		_, again := r.Read(make([]byte, 1))
		if err := w.Close(); err == nil || again == nil || r.Close() != nil {
			t.Errorf("Close: %v, Read: %v; want errors that say that a call panicked", err, again)
		}
		for _, s := range []pool.Stats{stats(writers), stats(readers)} {
			if s.Returns[pool.Refused] != 1 || s.InUse != 0 {
				t.Errorf("%d refused, %d in use; want 1, 0", s.Returns[pool.Refused], s.InUse)
			}
		}
	})
}

func TestConfigErrorsNameEveryMistake(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	_, err := codecs.NewGzipWriters(12, codecs.Config{Name: "z", Registry: r, Limit: -1, Safety: 9})
	for _, want := range []string{
		"codecs: NewGzipWriters: level is 12: use -2 (HuffmanOnly) to 9 (BestCompression), -1 is the default", "Limit is -1", "Safety is 9",
	} {
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), ".level", ": level"), want) {
			t.Errorf("got error %v, want %q in it", err, want)
		}
	}
	if _, err := codecs.NewWriters("", 0, nil, codecs.Config{}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got error %v, want three mistakes", err)
	}
	if _, err := codecs.NewReaders("", 0, nil, codecs.Config{}); err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("got error %v, want three mistakes", err)
	}
	if len(r.All()) != 0 {
		t.Error("a pool with a bad config is published")
	}
}

func TestACallOfAWarmPoolDoesNotAllocate(t *testing.T) {
	skipIfStrict(t)
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		var out bytes.Buffer
		page := adaptertest.Text(10_000)
		write := func() {
			out.Reset()
			w := writers.Get(&out)
			_, _ = w.Write(page)
			_ = w.Close()
		}
		write()
		if n := testalloc.PerRun(20, write); n != 0 {
			t.Errorf("%v allocations per stream written", n)
		}
		in, b := bytes.NewReader(out.Bytes()), make([]byte, 20_000)
		plain, err := f.plain(in)
		if err != nil {
			t.Fatal(err)
		}
		byHand := testalloc.PerRun(20, func() {
			in.Reset(out.Bytes())
			if z, ok := plain.(*gzip.Reader); ok {
				_ = z.Reset(in)
			} else {
				_ = plain.(zlib.Resetter).Reset(in, nil)
			}
			_, _ = io.ReadFull(plain, b)
		})
		pooled := testalloc.PerRun(20, func() {
			in.Reset(out.Bytes())
			r := readers.Get(in)
			for err := error(nil); err == nil; {
				_, err = r.Read(b)
			}
			_ = r.Close()
		})
		if pooled > byHand {
			t.Errorf("%v allocations per stream read, and %v by a Reset of the package's reader", pooled, byHand)
		}
		t.Logf("%v allocations per stream read", pooled)
	})
}

func TestAControllerTrimsByTheBytesThatCodecsHold(t *testing.T) {
	t.Parallel()
	skipIfStrict(t)
	r := new(pool.Registry)
	writers := strategies.Must(codecs.NewGzipWriters(gzip.BestSpeed, codecs.Config{
		Name: "zip", Registry: r, Limit: 2_420_000, Safety: strategies.SafetyOff,
	}))
	defer writers.Close()
	var held []codecs.Writer
	for range 4 {
		w := writers.Get(io.Discard)
		_, _ = w.Write(adaptertest.Text(10))
		held = append(held, w)
	}
	for _, w := range held {
		w.Close()
	}
	s := stats(writers)
	if s.Idle != 2 || s.IdleBytes < 2*500_000 || s.Name != "zip" {
		t.Errorf("%d idle in %d bytes of %s; want 2 in 2.42 MB", s.Idle, s.IdleBytes, s.Name)
	}
	r.Lookup("zip").Source().(control.Resizable).Trim(1)
	one := s.IdleBytes / 2
	if s = stats(writers); s.Idle != 1 || s.IdleBytes != one {
		t.Errorf("%d idle in %d bytes after a Trim of one byte; want 1", s.Idle, s.IdleBytes)
	}
}
