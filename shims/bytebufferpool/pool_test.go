package bytebufferpool_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	theirs "github.com/valyala/bytebufferpool"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/shims/bytebufferpool"
)

// buffer is what both have.
type buffer interface {
	io.ReaderFrom
	io.WriterTo
	io.Writer
	io.ByteWriter
	io.StringWriter
	fmt.Stringer
	Len() int
	Bytes() []byte
	Set(p []byte)
	SetString(s string)
	Reset()
}

func TestItHasTheAPIOfTheOriginal(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]any{
		{new(theirs.ByteBuffer), new(bytebufferpool.ByteBuffer)},
		{new(theirs.Pool), new(bytebufferpool.Pool)},
		{theirs.Get, bytebufferpool.Get},
		{theirs.Put, bytebufferpool.Put},
	} {
		if want, got := api(reflect.TypeOf(pair[0])), api(reflect.TypeOf(pair[1])); got != want {
			t.Errorf("API\n%swant\n%s", got, want)
		}
	}
}

// api is a type's methods and exported fields. The packages have one name.
func api(t reflect.Type) string {
	var b strings.Builder
	fmt.Fprintln(&b, t)
	for m := range t.Methods() {
		fmt.Fprintln(&b, m.Name, m.Type)
	}
	if t.Kind() == reflect.Pointer {
		for f := range t.Elem().Fields() {
			if f.IsExported() {
				fmt.Fprintln(&b, f.Name, f.Type, f.Anonymous)
			}
		}
	}
	return b.String()
}

func TestBuffersDoWhatTheOriginalsDo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		a, b := new(theirs.ByteBuffer), bytebufferpool.Get()
		ra, rb := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 0))
		for i := range 20 {
			want, got := step(a, ra), step(b, rb)
			if got != want || !bytes.Equal(a.B, b.B) {
				t.Fatalf("seed %d, step %d: %s, %d bytes; want %s, %d bytes", seed, i, got, b.Len(), want, a.Len())
			}
		}
		bytebufferpool.Put(b)
	}
}

// step does something to a buffer and says what came of it.
func step(b buffer, r *rand.Rand) string {
	p := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(300))
	switch kind := r.IntN(10); kind {
	case 0:
		return fmt.Sprintln(b.Write(p))
	case 1:
		return fmt.Sprintln(b.WriteByte(byte(len(p))))
	case 2:
		return fmt.Sprintln(b.WriteString(string(p)))
	case 3:
		b.Set(p)
	case 4:
		b.SetString(string(p))
	case 5:
		b.Reset()
	case 6:
		var out bytes.Buffer
		n, err := b.WriteTo(&out)
		return fmt.Sprintln(n, err, out.Bytes())
	case 7:
		return fmt.Sprintln(b.ReadFrom(iotest.OneByteReader(bytes.NewReader(p))))
	case 8:
		return fmt.Sprintln(b.ReadFrom(iotest.DataErrReader(bytes.NewReader(p))))
	default:
		return fmt.Sprintln(b.ReadFrom(io.MultiReader(bytes.NewReader(p), iotest.ErrReader(errors.New("broken")))))
	}
	return fmt.Sprintln(b.Len(), b.String(), b.Bytes())
}

var first, second bytebufferpool.Pool

func TestPoolsAreNamedForThePlaceOfTheirFirstUse(t *testing.T) {
	t.Parallel()
	_, _, line, _ := runtime.Caller(0)
	first.Put(first.Get())
	second.Put(second.Get())
	bytebufferpool.Put(bytebufferpool.Get())
	for _, name := range []string{
		fmt.Sprintf("bytebufferpool_test.TestPoolsAreNamedForThePlaceOfTheirFirstUse pool_test.go:%d", line+1),
		fmt.Sprintf("bytebufferpool_test.TestPoolsAreNamedForThePlaceOfTheirFirstUse pool_test.go:%d", line+2),
		"bytebufferpool",
	} {
		if s := stats(t, name); s.Gets() == 0 || s.Puts() == 0 || s.IdleBytes == 0 {
			t.Errorf("%s: %d Gets, %d Puts, %d bytes idle; want some", name, s.Gets(), s.Puts(), s.IdleBytes)
		}
	}
}

func stats(t *testing.T, name string) (s pool.Stats) {
	t.Helper()
	for _, e := range pool.Default.All() {
		if e.Name() == name {
			e.Stats(&s)
			return s
		}
	}
	t.Fatalf("no pool %s", name)
	return s
}

func TestPoolsOfOnePlaceShareARow(t *testing.T) {
	t.Parallel()
	before := len(pool.Default.All())
	var got []*bytebufferpool.Pool
	for range 100 {
		p := new(bytebufferpool.Pool)
		p.Put(p.Get())
		got = append(got, p)
	}
	if n := len(pool.Default.All()) - before; n >= 50 { // tests beside this one publish some too
		t.Errorf("%d rows for %d pools, want 1", n, len(got))
	}
}

func TestBuffersAreEmptyAndNobodyElsesConcurrentSafe(t *testing.T) {
	t.Parallel()
	var p bytebufferpool.Pool
	var wg sync.WaitGroup
	for id := range byte(8) {
		wg.Go(func() {
			for n := range 500 {
				b := p.Get()
				if b.Len() != 0 {
					t.Errorf("a new buffer has %d bytes", b.Len())
				}
				want := bytes.Repeat([]byte{id}, n)
				_, _ = b.Write(want)
				runtime.Gosched()
				if !bytes.Equal(b.B, want) {
					t.Error("a buffer in use was written by another")
				}
				p.Put(b)
			}
		})
	}
	wg.Wait()
}

func TestHitsDoNotAllocate(t *testing.T) {
	var p bytebufferpool.Pool
	use := func() {
		b := p.Get()
		_, _ = b.WriteString("some text that needs memory")
		p.Put(b)
	}
	use()
	if n := testalloc.PerRun(1000, use); n >= 1 { // of a sampled request some
		t.Errorf("%v allocations per Get and Put", n)
	}
}

func BenchmarkGetPut(b *testing.B) {
	b.Run("pool=theirs", func(b *testing.B) {
		var p theirs.Pool
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				x := p.Get()
				x.B = append(x.B, "some text"...)
				p.Put(x)
			}
		})
	})
	b.Run("pool=ours", func(b *testing.B) {
		var p bytebufferpool.Pool
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				x := p.Get()
				x.B = append(x.B, "some text"...)
				p.Put(x)
			}
		})
	})
}
