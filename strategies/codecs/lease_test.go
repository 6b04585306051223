package codecs_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"weak"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
)

// lonely is a codec that counts its users.
type lonely struct {
	users  atomic.Int32
	shared *atomic.Int64 // how often there were two
}

func (l *lonely) use() {
	if l.users.Add(1) != 1 {
		l.shared.Add(1)
	}
	runtime.Gosched()
	l.users.Add(-1)
}

func (l *lonely) Reset(io.Writer)             { l.use() }
func (l *lonely) Write(b []byte) (int, error) { l.use(); return len(b), nil }
func (l *lonely) Flush() error                { l.use(); return nil }
func (l *lonely) Close() error                { l.use(); return nil }

// Every handle is written to and closed by four goroutines at once. No codec may ever have
// two users, and each goes back once.
func TestHandlesOfManyGoroutinesConcurrentSafe(t *testing.T) {
	t.Parallel()
	skipIfStrict(t)
	const handles, users = 2000, 4
	var shared atomic.Int64
	p := strategies.Must(codecs.NewWriters("test writer", 1, func() codecs.Compressor { return &lonely{shared: &shared} }, quiet))
	var streams [2]sync.WaitGroup
	for i := range streams {
		streams[i].Go(func() {
			for range handles {
				w := p.Get(io.Discard)
				var all sync.WaitGroup
				for range users {
					all.Go(func() {
						_, _ = w.Write([]byte("text"))
						_ = w.Close()
						_ = w.Flush()
						_ = w.Close()
					})
				}
				all.Wait()
			}
		})
	}
	for i := range streams {
		streams[i].Wait()
	}
	s := stats(p)
	if n := shared.Load(); n > 0 || s.Gets() != s.Puts() || s.Gets() != handles*uint64(len(streams)) || s.InUse != 0 {
		t.Errorf("%d times two users, %d Gets, %d Puts, %d in use", n, s.Gets(), s.Puts(), s.InUse)
	}
	if s.Requests[pool.Hit] == 0 {
		t.Error("no codec was used again")
	}
}

// blocking is a source or destination that waits in a call.
type blocking struct {
	once           *sync.Once
	entered, leave chan struct{}
}

func newBlocking() blocking {
	return blocking{new(sync.Once), make(chan struct{}), make(chan struct{})}
}

func (b blocking) wait() {
	b.once.Do(func() { close(b.entered) })
	<-b.leave
}

func (b blocking) Read([]byte) (int, error)    { b.wait(); return 0, io.EOF }
func (b blocking) Write(p []byte) (int, error) { b.wait(); return len(p), nil }

// A server closes the body of a request while a handler still reads it.
func TestACloseDuringACallGivesTheCodecBackAfterIt(t *testing.T) {
	t.Parallel()
	skipIfStrict(t)
	each(t, func(t *testing.T, f format) {
		writers, readers := f.pools(quiet)
		from, to := newBlocking(), newBlocking()
		r, w := readers.Get(from), writers.Get(to)
		var calls sync.WaitGroup
		calls.Go(func() { _, _ = r.Read(make([]byte, 10)) })
		calls.Go(func() { _, _ = w.Write(adaptertest.Text(1 << 20)) })
		<-from.entered
		<-to.entered
		if _, err := r.Read(make([]byte, 10)); err == nil {
			t.Error("two goroutines read at once")
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if err := w.Close(); err == nil {
			t.Error("a stream that is cut is closed without an error")
		}
		if w, r := stats(writers), stats(readers); w.Puts() != 0 || r.Puts() != 0 {
			t.Errorf("%d writers and %d readers came back during their calls", w.Puts(), r.Puts())
		}
		close(from.leave)
		close(to.leave)
		calls.Wait()
		closeHere(r)
		closeHere(w)
		if w, r := stats(writers), stats(readers); w.Puts() != 1 || r.Puts() != 1 || w.InUse != 0 || r.InUse != 0 {
			t.Errorf("%d writers and %d readers came back, want 1", w.Puts(), r.Puts())
		}
	})
}

// Neither an idle codec nor a closed handle keeps what the stream went to, nor a handle
// the codec that the pool dropped, nor a codec its pool.
func TestNothingIsKeptAlive(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	var made, collected, ended atomic.Int32
	var p weak.Pointer[codecs.Writers]
	var old codecs.Writer
	func() {
		writers := strategies.Must(codecs.NewWriters("test writer", 1, func() codecs.Compressor {
			w := gzip.NewWriter(io.Discard)
			made.Add(1)
			runtime.AddCleanup(w, func(n *atomic.Int32) { n.Add(1) }, &collected)
			return w
		}, codecs.Config{Name: "z", Registry: r, Safety: strategies.SafetyOff}))
		p = weak.Make(writers)
		to := new(bytes.Buffer)
		runtime.AddCleanup(to, func(n *atomic.Int32) { n.Add(1) }, &ended)
		old = writers.Get(to)
		_, _ = old.Write(adaptertest.Text(100))
		closeHere(old)
		await(t, "the destination of a closed stream", func() bool { return ended.Load() == 1 })
		runtime.KeepAlive(writers)
	}()
	await(t, "the pool", func() bool { return p.Value() == nil })
	await(t, "the pool in its registry", func() bool { return r.Lookup("z").Source() == nil })
	await(t, "the codec", func() bool { return collected.Load() == made.Load() })
	runtime.KeepAlive(old)
}

func await(t *testing.T, what string, gone func() bool) {
	t.Helper()
	for try := 0; !gone(); try++ {
		if try > 2000 {
			t.Fatalf("%s is still there", what)
		}
		runtime.GC()
		runtime.Gosched()
	}
}
