package strategies_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

func TestChunkedReadsAsAFile(t *testing.T) {
	t.Parallel()
	content := []byte(strings.Repeat("0123456789", 10))
	for _, chunk := range []int{1, 7, 50, 100, 4096} {
		c := strategies.NewChunked(nil, chunk)
		c.Write(content)
		c.Seek(0, io.SeekStart)
		if err := iotest.TestReader(c, content); err != nil {
			t.Errorf("chunks of %d: %v", chunk, err)
		}
		s := c.Slice(0, c.Len())
		if err := iotest.TestReader(io.NewSectionReader(s, 0, int64(s.Len())), content); err != nil {
			t.Errorf("slice of chunks of %d: %v", chunk, err)
		}
	}
}

func TestZeroChunkedWorksWithoutAPool(t *testing.T) {
	t.Parallel()
	var c strategies.Chunked
	if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read of nothing = %d, %v", n, err)
	}
	c.Slice(0, 0).Free()
	c.WriteString("text")
	s := c.Slice(1, 3)
	c.Release()
	s.Free()
	s.Free() // with no pool to report it
	if n, err := s.ReadAt(make([]byte, 1), 0); n != 0 || !errors.Is(err, strategies.ErrFreed) {
		t.Errorf("ReadAt after Free = %d, %v", n, err)
	}
}

func TestChunkedKeepsWhatWasReadBeforeAnError(t *testing.T) {
	t.Parallel()
	p, failure := newStrictPool(t), errors.New("broken")
	c := strategies.NewChunked(p, 16)
	n, err := c.ReadFrom(io.MultiReader(strings.NewReader("0123456789abcdef"), iotest.ErrReader(failure)))
	if n != 16 || !errors.Is(err, failure) || c.Len() != 16 || len(p.out) != 1 {
		t.Errorf("ReadFrom = %d, %v, length %d, %d chunks; want 16, broken, 16, 1", n, err, c.Len(), len(p.out))
	}
	c.Seek(4, io.SeekStart)
	if n, err := c.WriteTo(shortWriter{}); n != 11 || !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("short write: %d, %v", n, err)
	}
	if rest, err := io.ReadAll(c); string(rest) != "f" || err != nil {
		t.Errorf("left %q, %v; want f", rest, err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = c.ReadFrom(scribbler{})
	}()
	c.Release()
	p.wantAllBack()
}

// A reader may scribble behind what it has read, and there is content.
func TestChunkedReadFromBeforeTheEndKeepsWhatIsBehind(t *testing.T) {
	t.Parallel()
	c := strategies.NewChunked(nil, 16)
	c.WriteString("0123456789")
	c.Seek(2, io.SeekStart)
	if n, err := c.ReadFrom(&smudging{"ab"}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	c.Seek(0, io.SeekStart)
	if got, _ := io.ReadAll(c); string(got) != "01ab456789" {
		t.Errorf("%q", got)
	}
}

type smudging struct{ text string }

func (s *smudging) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '!'
	}
	n := copy(p, s.text)
	s.text = ""
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestChunkedGoesThroughANetworkConnection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	content := bytes.Repeat([]byte("some text, "), 20_000)
	go func() {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return
		}
		defer conn.Close()
		c := strategies.NewChunked(nil, 1000)
		c.Write(content)
		s := c.Slice(0, c.Len())
		c.Seek(0, io.SeekStart)
		c.WriteTo(conn)
		s.WriteTo(conn)
	}()
	conn, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if got, err := io.ReadAll(conn); err != nil || !bytes.Equal(got, append(bytes.Clone(content), content...)) {
		t.Errorf("%d bytes came, %v; want %d", len(got), err, 2*len(content))
	}
}

func TestChunkedOutOfRangePanics(t *testing.T) {
	t.Parallel()
	c := strategies.NewChunked(nil, 0)
	c.WriteString("text")
	for want, f := range map[string]func(){
		"pool: Chunked.Truncate: 5 is not between 0 and the length, 4": func() { c.Truncate(5) },
		"pool: Slice: bytes 3 to 5 of 4":                               func() { c.Slice(3, 5) },
		"pool: Slice: bytes 2 to 1 of 4":                               func() { c.Slice(0, 4).Slice(2, 1) },
		"pool: ReadFrom: the reader says it read -1 bytes into 32764":  func() { c.ReadFrom(lyingReader(-1)) },
		"pool: WriteTo: the writer says it wrote 9 bytes of 4":         func() { c.Slice(0, 4).WriteTo(lyingWriter(9)) },
	} {
		if got := panicText(f); got != want {
			t.Errorf("panic %q, want %q", got, want)
		}
	}
	if _, err := c.Seek(0, 3); err == nil || !strings.Contains(err.Error(), "whence is 3") {
		t.Errorf("Seek with whence 3: %v", err)
	}
	if _, err := c.ReadAt(nil, -1); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("ReadAt before the start: %v", err)
	}
}

type lyingWriter int

func (n lyingWriter) Write([]byte) (int, error) { return int(n), nil }

func panicText(f func()) (text string) {
	defer func() { text, _ = recover().(string) }()
	f()
	return ""
}

// Ten MiB take as many chunks and, the second time, no allocation.
func TestChunkedOccupiesItsContentAndAllocatesNothingWhenWarm(t *testing.T) {
	skipInDebugBuilds(t)
	const size = 10 << 20
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Safety: strategies.SafetyOff}))
	c := strategies.NewChunked(p, 0)
	text := make([]byte, 4000)
	fill := func() {
		for c.Len() < size {
			c.Write(text)
		}
	}
	fill()
	var s pool.Stats
	if p.Stats(&s); s.InUseBytes*10 > int64(c.Len())*11 {
		t.Errorf("%d bytes in use for %d", s.InUseBytes, c.Len())
	}
	c.Release()
	if n := testalloc.PerRun(5, func() { fill(); c.Seek(0, io.SeekStart); c.WriteTo(io.Discard); c.Release() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if p.Stats(&s); s.InUse != 0 {
		t.Errorf("%d chunks in use after Release", s.InUse)
	}
}

// While others read and free what they share, the buffer goes on overwriting and growing.
func TestSlicesOfAChunkedAreOthersConcurrentSafe(t *testing.T) {
	t.Parallel()
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	c := strategies.NewChunked(p, 256)
	var readers sync.WaitGroup
	for round := range 200 {
		c.Truncate(c.Len() / 2)
		c.Seek(int64(c.Len()/3), io.SeekStart)
		c.Write(bytes.Repeat([]byte{byte(round)}, 1000))
		from := c.Len() / 4
		want := make([]byte, c.Len()-from)
		c.ReadAt(want, int64(from))
		s := c.Slice(from, c.Len())
		for range 2 {
			own := s.Ref()
			readers.Go(func() {
				defer own.Free()
				got := make([]byte, len(want))
				if n, err := own.ReadAt(got, 0); n != len(got) || err != nil || !bytes.Equal(got, want) {
					t.Errorf("round %d: %d of %d bytes, %v, or they differ", round, n, len(got), err)
				}
			})
		}
		s.Free()
	}
	c.Release()
	readers.Wait()
	var s pool.Stats
	if p.Stats(&s); s.InUse != 0 || s.Misuse != [pool.NumMisuseKinds]uint64{} {
		t.Errorf("%d chunks in use, misuse %v; want none", s.InUse, s.Misuse)
	}
}

func TestMisuseOfASliceIsFoundAndReported(t *testing.T) {
	defer raceghost.Pause()() // it makes mistakes, and is not parallel for that
	registry := new(pool.Registry)
	var reports []pool.Misuse
	registry.OnMisuse(func(m pool.Misuse) { reports = append(reports, m) })
	for _, how := range []strategies.Safety{strategies.SafetySampled, strategies.SafetyStrict} {
		strict := how == strategies.SafetyStrict || debugBuild
		p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
			Name: "shared " + how.String(), Registry: registry, Safety: how,
		}))
		c := strategies.NewChunked(p, 256)
		c.WriteString("text")
		s, other := c.Slice(0, 4), c.Slice(0, 4)
		s.Free()
		for kind, mistake := range map[pool.MisuseKind]func(){
			pool.MisuseDouble: s.Free,
			pool.MisuseWrite:  func() { s.Ref().Free() },
		} {
			reports = nil
			text := panicText(mistake)
			if strict != (text != "") {
				t.Errorf("%v of a %v pool panics with %q", kind, how, text)
			}
			wantReport(t, reports, kind, strict)
		}
		if got := joined(other); string(got) != "text" {
			t.Errorf("another owner's slice has %q", got)
		}
		c.Release()
		other.Free()
		var stats pool.Stats
		if p.Stats(&stats); stats.InUse != 0 || stats.Misuse[pool.MisuseDouble] == 0 {
			t.Errorf("%d chunks in use, misuse %v", stats.InUse, stats.Misuse)
		}
	}
}

func wantReport(t *testing.T, reports []pool.Misuse, kind pool.MisuseKind, places bool) {
	t.Helper()
	if len(reports) == 0 {
		t.Errorf("no report of %v", kind)
		return
	}
	m := reports[0]
	if m.Kind != kind || m.Size != 4 || !strings.Contains(m.Culprit().Site(), "chunked_test.go") {
		t.Errorf("reported %v of %d bytes at %s, want %v of 4 here", m.Kind, m.Size, m.Culprit().Site(), kind)
	}
	if places && (m.Get == nil || m.Put == nil) {
		t.Errorf("a strict pool's report lacks a place: %v", m)
	}
}
