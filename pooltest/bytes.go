package pooltest

import (
	"bytes"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
)

// TestBytes checks that the pools that newPool makes keep the promises of
// pool.Bytes. Each claim is a subtest on a pool of its own, and each failure
// says what was expected.
//
// Beyond the contract of Get and Put, a pool must be safe for concurrent use,
// and Put must accept nil, empty slices and buffers from elsewhere, such as
// those that append makes of a pool's own. If the pool implements pool.Source,
// control.Resizable, control.Tunable or control.Switchable, or has a method
// Close, TestBytes checks those contracts too. The pool must be new, and nobody
// else may use it.
//
// TestBytes takes a fraction of a second, a few seconds under the race
// detector, and a third of that with -short.
func TestBytes(t *testing.T, newPool func(*testing.T) pool.Bytes) {
	run(t, newPool, bytesChecks)
	run(t, func(t *testing.T) subject { return bytesSubject(t, newPool(t)) }, subjectChecks)
}

var bytesChecks = []check[pool.Bytes]{
	{"Get returns the length asked for", checkLengths},
	{"Get of a negative length panics", checkNegative},
	{"Put takes a prefix", checkPrefix},
	{"Put of nothing is harmless", checkNothing},
	{"Put of a buffer from elsewhere is harmless", checkElsewhere},
	{"a buffer has one owner", func(t *testing.T, p pool.Bytes) { checkOwners(t, bytesSubject(t, p)) }},
	{"a free buffer survives collections", checkCollections},
	{"goroutines share it", func(t *testing.T, p pool.Bytes) { checkConcurrent(bytesSubject(t, p), steps(600)) }},
}

// lengths lie around the sizes at which pools change their behaviour.
var lengths = []int{0, 1, 7, 100, 255, 256, 257, 1000, 1023, 1024, 1025, 4096, 5000, 16 << 10, 32<<10 + 1, 100_000}

func length(i int) int { return lengths[i%len(lengths)] }

// bytesSubject takes buffers of all lengths in turn, and marks those that it owns.
func bytesSubject(t *testing.T, p pool.Bytes) subject {
	var last atomic.Uint32
	var reported atomic.Bool
	return subject{
		pool: p,
		take: func(i int) func() {
			b := p.Get(length(i))
			return func() { p.Put(b) }
		},
		own: func(i int) func() {
			b := p.Get(length(i))
			if len(b) != length(i) {
				report(t, &reported, "Get(%d) returned %d bytes", length(i), len(b))
			}
			strange := mark(b, byte(last.Add(1)))
			return func() {
				if n := strange(); n > 0 {
					report(t, &reported, "%d of a buffer's %d bytes were written by another owner, or by the pool, while it was in use",
						n, cap(b))
				}
				p.Put(b)
			}
		},
	}
}

// mark fills a buffer with an identifying byte, up to the capacity, because append would
// write there too. strange is the number of bytes that others have written since.
func mark(b []byte, id byte) (strange func() int) {
	whole, one := b[:cap(b)], []byte{id}
	copy(whole, bytes.Repeat(one, len(whole)))
	return func() int { return len(whole) - bytes.Count(whole, one) }
}

func checkLengths(t *testing.T, p pool.Bytes) {
	for range 3 { // from the second round on buffers are reused
		for _, n := range append([]int{1 << 20, 1<<20 + 1}, lengths...) {
			b := p.Get(n)
			if len(b) != n {
				t.Fatalf("Get(%d) returned %d bytes", n, len(b))
			}
			p.Put(b)
		}
	}
}

func checkNegative(t *testing.T, p pool.Bytes) {
	defer func() {
		if recover() == nil {
			t.Error("Get(-1) did not panic: make would")
		}
	}()
	p.Get(-1)
}

func checkPrefix(t *testing.T, p pool.Bytes) {
	useAndOwn(t, p, "Put of a prefix", func(n int) {
		b := p.Get(n)
		p.Put(b[:n/3])
	})
}

// useAndOwn calls use, which must not panic, with every length and then owns buffers of
// all lengths.
func useAndOwn(t *testing.T, p pool.Bytes, what string, use func(n int)) {
	s := bytesSubject(t, p).owned()
	for range 3 {
		for _, n := range lengths {
			mustNotPanic(t, what, func() { use(n) })
		}
		s.hold(3 * len(lengths))()
	}
}

func checkNothing(t *testing.T, p pool.Bytes) {
	useAndOwn(t, p, "Put(nil)", func(int) { p.Put(nil) })
	useAndOwn(t, p, "Put([]byte{})", func(int) { p.Put([]byte{}) })
}

// checkElsewhere puts buffers of many capacities that the pool did not make.
// The pool may keep those that it can hand out, and has to recognize the
// others.
func checkElsewhere(t *testing.T, p pool.Bytes) {
	useAndOwn(t, p, "Put of a buffer from elsewhere", func(n int) {
		p.Put(make([]byte, n))
		p.Put(make([]byte, n/2, n+3))
		p.Put(append(p.Get(n), 1)) //poollint:ignore the mistake is what is tested
	})
}

// checkCollections finds a pool that does not keep its objects alive: the
// collector then gives the memory to another owner as well.
func checkCollections(t *testing.T, p pool.Bytes) {
	s, others := bytesSubject(t, p), bytesSubject(t, plain{}).owned()
	for range steps(6) {
		s.hold(4 * len(lengths))() // leaves free buffers that nobody else refers to
		runtime.GC()
		runtime.GC()
		back := others.hold(8 * len(lengths))
		s.owned().hold(3 * len(lengths))()
		back()
	}
}

// plain allocates, and keeps nothing.
type plain struct{}

func (plain) Get(n int) []byte { return make([]byte, n) }
func (plain) Put([]byte)       {}

// steps reduces a number of rounds to a third with -short.
func steps(n int) int {
	if testing.Short() {
		return (n + 2) / 3
	}
	return n
}

func mustNotPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s panicked: %v", what, r)
		}
	}()
	f()
}
