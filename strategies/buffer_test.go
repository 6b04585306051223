package strategies_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

// strictPool is a pool.Bytes that fails the test when it gets back anything but
// a slice it gave, as it gave it or at its whole capacity, and that spoils what
// it gets back.
type strictPool struct {
	t    *testing.T
	out  map[*byte]int // length by address
	free map[int][][]byte
	gets int
}

func newStrictPool(t *testing.T) *strictPool {
	return &strictPool{t: t, out: map[*byte]int{}, free: map[int][][]byte{}}
}

func classOf(n int) int { return 1 << bits.Len(uint(max(n, 16)-1)) }

func (p *strictPool) Get(n int) []byte {
	p.gets++
	class := classOf(n)
	var b []byte
	if free := p.free[class]; len(free) > 0 {
		b, p.free[class] = free[len(free)-1], free[:len(free)-1]
	} else {
		b = make([]byte, class)
	}
	p.out[unsafe.SliceData(b)] = n
	return b[:n]
}

func (p *strictPool) Put(b []byte) {
	p.t.Helper()
	n, mine := p.out[unsafe.SliceData(b)]
	class := classOf(n)
	if !mine || cap(b) != class || (len(b) != n && len(b) != class) {
		p.t.Fatalf("Put of len %d cap %d; out with len %d cap %d: %v", len(b), cap(b), n, class, mine)
	}
	delete(p.out, unsafe.SliceData(b))
	b = b[:cap(b)]
	for i := range b {
		b[i] = 0xdb
	}
	p.free[class] = append(p.free[class], b)
}

func (p *strictPool) wantAllBack() {
	p.t.Helper()
	if len(p.out) != 0 {
		p.t.Errorf("%d buffers not given back", len(p.out))
	}
}

func TestBufferHoldsWhatWasWrittenWhileItGrows(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		p := newStrictPool(t)
		b := strategies.NewBuffer(p, r.IntN(100))
		var want bytes.Buffer
		for range 1 + r.IntN(60) {
			chunk := make([]byte, r.IntN(400))
			for i := range chunk {
				chunk[i] = byte(r.Uint32())
			}
			switch r.IntN(10) {
			case 0:
				want.WriteString(string(chunk))
				b.WriteString(string(chunk))
			case 1:
				want.WriteByte('x')
				b.WriteByte('x')
			case 2:
				want.Write(chunk)
				if n, err := b.ReadFrom(iotest.OneByteReader(bytes.NewReader(chunk))); n != int64(len(chunk)) || err != nil {
					t.Fatal(n, err)
				}
			case 3:
				b.Grow(r.IntN(1000))
			case 4: // its own content
				own := b.Bytes()[b.Len()/3:]
				want.Write(bytes.Clone(own))
				b.Write(own)
			case 5:
				readBoth(t, b, &want, chunk)
			case 6:
				n := r.IntN(want.Len() + 1)
				want.Truncate(n)
				b.Truncate(n)
			case 7:
				want.Write(chunk)
				b.Write(append(b.AvailableBuffer(), chunk...))
			default:
				want.Write(chunk)
				b.Write(chunk)
			}
			if len(p.out) > 1 {
				t.Fatalf("holds %d slices", len(p.out))
			}
		}
		if b.Len() != want.Len() || !bytes.Equal(b.Bytes(), want.Bytes()) || b.String() != want.String() {
			t.Fatalf("got %d bytes, want %d, or they differ", b.Len(), want.Len())
		}
		b.Release()
		b.Release()
		p.wantAllBack()
	}
}

// readBoth reads as much as into has room for from both.
func readBoth(t *testing.T, b *strategies.Buffer, want *bytes.Buffer, into []byte) {
	wanted := make([]byte, len(into))
	n, err := want.Read(wanted)
	if got, gotErr := b.Read(into); got != n || !errors.Is(gotErr, err) || !bytes.Equal(into[:n], wanted[:n]) {
		t.Fatalf("Read of %d bytes = %d, %v; want %d, %v, or they differ", len(into), got, gotErr, n, err)
	}
}

func TestBufferGrowAsksForExactlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	p := new(counting)
	b := strategies.NewBuffer(p, 100)
	b.Grow(1000)
	b.Write(make([]byte, 1000))
	b.Read(make([]byte, 300))
	if b.Cap() != 700 || p.gets != 1 {
		t.Errorf("room for %d bytes after %d Gets; want 700, 1", b.Cap(), p.gets)
	}
	b.Grow(1)
	if b.Cap() != 701 || b.Len() != 700 || p.gets != 2 {
		t.Errorf("room for %d, content %d, %d Gets; want 701, 700, 2", b.Cap(), b.Len(), p.gets)
	}
	b.Grow(1)
	if p.gets != 2 {
		t.Errorf("%d Gets for what fits", p.gets)
	}
}

// A queue of bytes that is never empty needs no more memory than twice its content.
func TestBufferReadAndWrittenInTurnDoesNotGrow(t *testing.T) {
	t.Parallel()
	b := strategies.NewBuffer(nil, 0)
	b.Write(make([]byte, 100))
	for range 1000 {
		b.Write(make([]byte, 50))
		b.Read(make([]byte, 50))
	}
	if b.Len() != 100 || b.Cap() > 300 {
		t.Errorf("content of %d bytes in room for %d", b.Len(), b.Cap())
	}
}

func TestBufferStartsEmptyAfterRelease(t *testing.T) {
	t.Parallel()
	p := newStrictPool(t)
	b := strategies.NewBuffer(p, 100)
	b.Release()
	b.WriteString("old")
	b.Release()
	if b.Len() != 0 || b.Cap() != 0 {
		t.Errorf("released: Len %d, Cap %d", b.Len(), b.Cap())
	}
	b.WriteString("new")
	if got := string(b.Bytes()); got != "new" || b.Cap() != 128 {
		t.Errorf("content %q, Cap %d", got, b.Cap())
	}
	b.Reset()
	if b.Len() != 0 || b.Cap() != 128 {
		t.Errorf("reset: Len %d, Cap %d", b.Len(), b.Cap())
	}
	b.Release()
	p.wantAllBack()
}

func TestZeroBufferWorksWithoutAPool(t *testing.T) {
	t.Parallel()
	var b strategies.Buffer
	big := strings.Repeat("x", 10_000)
	if n, err := b.ReadFrom(strings.NewReader(big)); n != 10_000 || err != nil {
		t.Fatal(n, err)
	}
	b.WriteString("y")
	if string(b.Bytes()) != big+"y" {
		t.Error("content differs")
	}
	b.Release()
	if b.Len() != 0 {
		t.Error("Release keeps content")
	}
}

func TestBufferKeepsWhatWasReadBeforeAnError(t *testing.T) {
	t.Parallel()
	p, failure := newStrictPool(t), errors.New("broken")
	b := strategies.NewBuffer(p, 0)
	n, err := b.ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(failure)))
	if n != 3 || !errors.Is(err, failure) || string(b.Bytes()) != "abc" {
		t.Errorf("ReadFrom = %d, %v, content %q", n, err, b.Bytes())
	}
	b.Release()
	p.wantAllBack()
}

func TestBufferWriteToKeepsTheContent(t *testing.T) {
	t.Parallel()
	b := strategies.NewBuffer(newStrictPool(t), 0)
	b.WriteString("twice ")
	var got bytes.Buffer
	for range 2 {
		if n, err := b.WriteTo(&got); n != 6 || err != nil {
			t.Fatal(n, err)
		}
	}
	if got.String() != "twice twice " {
		t.Errorf("got %q", got.String())
	}
	if _, err := b.WriteTo(shortWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("short write: %v", err)
	}
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

type lyingReader int

func (n lyingReader) Read([]byte) (int, error) { return int(n), nil }

func TestBufferMisusePanics(t *testing.T) {
	t.Parallel()
	wantPanic := func(prefix string, f func()) {
		t.Helper()
		defer func() {
			t.Helper()
			if got, _ := recover().(string); !strings.HasPrefix(got, prefix) {
				t.Errorf("panic %q, want %q", got, prefix)
			}
		}()
		f()
	}
	b := strategies.NewBuffer(newStrictPool(t), 0)
	b.WriteByte('x')
	wantPanic("pool: Buffer.Grow: negative count -1", func() { b.Grow(-1) })
	wantPanic("pool: Buffer.Truncate: -1 is not between 0 and the length, 1", func() { b.Truncate(-1) })
	wantPanic("pool: Buffer.Truncate: 2 is not between 0 and the length, 1", func() { b.Truncate(2) })
	wantPanic("pool: Buffer: 1 bytes and", func() { b.Grow(math.MaxInt) })
	wantPanic("pool: ReadFrom: the reader says", func() { b.ReadFrom(lyingReader(-1)) })
	wantPanic("pool: ReadFrom: the reader says", func() { b.ReadFrom(lyingReader(1 << 30)) })
}

// onePool always hands out the same slice: what it costs is the caller's own.
type onePool struct{ b []byte }

func (p *onePool) Get(n int) []byte { return p.b[:n] }
func (p *onePool) Put([]byte)       {}

func TestBufferAndCopyDoNotAllocate(t *testing.T) {
	p := &onePool{make([]byte, 64<<10)}
	src := strings.NewReader(strings.Repeat("x", 50_000))
	local := func() {
		src.Seek(0, io.SeekStart)
		b := strategies.NewBuffer(p, 100)
		defer b.Release()
		b.WriteString("abc")
		b.Write([]byte("def"))
		b.WriteByte('g')
		b.ReadFrom(src)
	}
	if n := testalloc.PerRun(100, local); n != 0 {
		t.Errorf("a local Buffer: %v allocations", n)
	}
	kept := strategies.NewBuffer(p, 100)
	var w io.Writer = kept
	if n := testalloc.PerRun(100, func() { io.WriteString(w, "abc"); kept.Release() }); n != 0 {
		t.Errorf("a kept Buffer: %v allocations", n)
	}
	dst, plain := struct{ io.Writer }{io.Discard}, struct{ io.Reader }{src}
	var from io.Reader = plain
	var to io.Writer = dst
	copyOnce := func() {
		src.Seek(0, io.SeekStart)
		strategies.Copy(p, to, from)
	}
	if n := testalloc.PerRun(100, copyOnce); n != 0 {
		t.Errorf("Copy: %v allocations", n)
	}
}

// counting is a pool of exact sizes that counts Gets.
type counting struct{ gets int }

func (c *counting) Get(n int) []byte { c.gets++; return make([]byte, n) }
func (*counting) Put([]byte)         {}

func TestReadFromOfAsMuchAsWasSaidTakesOneSlice(t *testing.T) {
	for _, n := range []int{64, 1000, 4096} {
		p := new(counting)
		b := strategies.NewBuffer(p, n)
		content := bytes.Repeat([]byte("x"), n-1)
		content = append(content, 'y')
		if got, err := b.ReadFrom(struct{ io.Reader }{bytes.NewReader(content)}); got != int64(n) || err != nil {
			t.Fatalf("ReadFrom = %d, %v, want %d", got, err, n)
		}
		if p.gets != 1 || b.Cap() != n || !bytes.Equal(b.Bytes(), content) {
			t.Errorf("%d bytes took %d slices and have room for %d, as they were: %v", n, p.gets, b.Cap(), bytes.Equal(b.Bytes(), content))
		}
	}
}

func TestReadFromKeepsWhatItLends(t *testing.T) {
	content := []byte("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef and more")
	b := strategies.NewBuffer(new(counting), 64)
	if _, err := b.ReadFrom(struct{ io.Reader }{bytes.NewReader(content)}); err != nil || !bytes.Equal(b.Bytes(), content) {
		t.Errorf("read %q, %v", b.Bytes(), err)
	}
	b = strategies.NewBuffer(new(counting), 64)
	b.Write(content[:64])
	func() {
		defer func() { _ = recover() }()
		_, _ = b.ReadFrom(scribbler{})
	}()
	if !bytes.Equal(b.Bytes(), content[:64]) {
		t.Errorf("after a reader panicked the content is %q", b.Bytes())
	}
}

type scribbler struct{}

func (scribbler) Read(p []byte) (int, error) {
	clear(p)
	panic("broken")
}
