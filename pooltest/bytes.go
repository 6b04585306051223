package pooltest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/otelpool/pool"
)

// TestBytes checks that pools which newPool makes do what pool.Bytes promises, one
// claim to a subtest, each on a pool of its own. It is safe to hand in a pool
// that cannot do anything right: each failure says what was expected.
//
// Beyond the two methods' promises it expects of every pool that it can be used
// by several goroutines at once, that Put of nil and of an empty slice is
// harmless, and that buffers from elsewhere, which append makes of a pool's own,
// spoil nothing. A pool that also is a pool.Source, control.Resizable,
// control.Tunable or control.Switchable, or has a method Close, has the promises of
// those checked. The
// pool must be new, and nobody else may use it.
//
// It takes a fraction of a second, a few seconds under the race detector, and a
// third of that with -short.
func TestBytes(t *testing.T, newPool func(*testing.T) pool.Bytes) {
	for _, c := range bytesChecks {
		t.Run(c.claim, func(t *testing.T) { c.check(t, newPool(t)) })
	}
	testSubject(t, func(t *testing.T) subject {
		p := newPool(t)
		return subject{pool: p, take: func(i int) func() {
			b := p.Get(lengths[i%len(lengths)])
			return func() { p.Put(b) }
		}}
	})
}

var bytesChecks = []struct {
	claim string
	check func(*testing.T, pool.Bytes)
}{
	{"Get returns the length asked for", checkLengths},
	{"Get of a negative length panics", checkNegative},
	{"Put takes a prefix", checkPrefix},
	{"Put of nothing is harmless", checkNothing},
	{"Put of a buffer from elsewhere is harmless", checkElsewhere},
	{"a buffer has one owner", checkOwners},
	{"a free buffer survives collections", checkCollections},
	{"goroutines share it", checkConcurrent},
}

// lengths are around the sizes at which pools change what they do.
var lengths = []int{0, 1, 7, 100, 255, 256, 257, 1000, 1023, 1024, 1025, 4096, 5000, 16 << 10, 32<<10 + 1, 100_000}

func checkLengths(t *testing.T, p pool.Bytes) {
	for range 3 { // the second time they are reused
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
	h := newHolder(t, p)
	for range 3 {
		for _, n := range lengths {
			b := p.Get(n)
			p.Put(b[:n/3])
		}
		h.takeAll()
	}
}

func checkNothing(t *testing.T, p pool.Bytes) {
	h := newHolder(t, p)
	for range 3 {
		mustNotPanic(t, "Put(nil)", func() { p.Put(nil) })
		mustNotPanic(t, "Put([]byte{})", func() { p.Put([]byte{}) })
		h.takeAll()
	}
}

// checkElsewhere gives the pool buffers of all kinds of capacities. It may keep
// those that it can use and has to see which those are.
func checkElsewhere(t *testing.T, p pool.Bytes) {
	h := newHolder(t, p)
	for range 3 {
		for _, n := range lengths {
			mustNotPanic(t, "Put of a buffer from elsewhere", func() {
				p.Put(make([]byte, n))
				p.Put(make([]byte, n/2, n+3))
				p.Put(append(p.Get(n), 1))
			})
		}
		h.takeAll()
	}
}

// checkOwners takes and gives back at random.
func checkOwners(t *testing.T, p pool.Bytes) {
	h := newHolder(t, p)
	r := rand.New(rand.NewPCG(1, 2))
	for range steps(3000) {
		if len(h.held) < r.IntN(60) {
			h.take(lengths[r.IntN(len(lengths))])
		} else if len(h.held) > 0 {
			h.giveBack(r.IntN(len(h.held)))
		}
		if t.Failed() {
			return
		}
	}
	h.giveBackAll()
}

// checkCollections finds a pool that forgets to keep what it holds alive: the
// memory then belongs to somebody else as well.
func checkCollections(t *testing.T, p pool.Bytes) {
	for range steps(6) {
		var free [][]byte
		for range 4 {
			for _, n := range lengths {
				free = append(free, p.Get(n))
			}
		}
		for _, b := range free {
			p.Put(b)
		}
		clear(free)
		runtime.GC()
		runtime.GC()
		others := newHolder(t, plain{})
		for range 8 {
			for _, n := range lengths {
				others.take(n)
			}
		}
		newHolder(t, p).takeAll()
		others.giveBackAll()
	}
}

// plain is no pool at all.
type plain struct{}

func (plain) Get(n int) []byte { return make([]byte, n) }
func (plain) Put([]byte)       {}

// checkConcurrent has goroutines take, mark, pass on and give back buffers.
func checkConcurrent(t *testing.T, p pool.Bytes) {
	passed := make(chan mark, 16)
	var wg sync.WaitGroup
	for g := range byte(8) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 3))
			for i := range steps(600) {
				if t.Failed() {
					return // the first that shows is enough
				}
				n := lengths[r.IntN(len(lengths)-2)]
				m, ok := newMark(p.Get(n), n, g<<4|byte(i)&15)
				if !ok {
					t.Errorf("Get(%d) returned %d bytes", n, len(m.b))
					return
				}
				select {
				case passed <- m:
					continue
				case other := <-passed:
					other.giveBack(t, p)
				default:
					runtime.Gosched()
				}
				m.giveBack(t, p)
			}
		})
	}
	wg.Wait()
	close(passed)
	for m := range passed {
		m.giveBack(t, p)
	}
}

// holder holds buffers and sees to it that nobody else writes to them.
type holder struct {
	t    *testing.T
	p    pool.Bytes
	held []mark
	next byte
}

func newHolder(t *testing.T, p pool.Bytes) *holder { return &holder{t: t, p: p} }

func (h *holder) take(n int) {
	h.t.Helper()
	h.next++
	m, ok := newMark(h.p.Get(n), n, h.next)
	if !ok {
		h.t.Fatalf("Get(%d) returned %d bytes", n, len(m.b))
	}
	h.held = append(h.held, m)
}

func (h *holder) giveBack(i int) {
	h.t.Helper()
	h.held[i].giveBack(h.t, h.p)
	h.held[i] = h.held[len(h.held)-1]
	h.held = h.held[:len(h.held)-1]
}

func (h *holder) giveBackAll() {
	h.t.Helper()
	for len(h.held) > 0 && !h.t.Failed() {
		h.giveBack(len(h.held) - 1)
	}
}

// takeAll takes buffers of all lengths, several of each, and gives them back.
func (h *holder) takeAll() {
	h.t.Helper()
	for range 3 {
		for _, n := range lengths {
			h.take(n)
		}
	}
	h.giveBackAll()
}

// mark is a buffer that its owner has filled, up to its capacity, with a byte of
// his: append would write there too.
type mark struct {
	b  []byte
	id byte
}

func newMark(b []byte, n int, id byte) (m mark, ok bool) {
	m = mark{b, id}
	if len(b) != n {
		return m, false
	}
	copy(b[:cap(b)], bytes.Repeat([]byte{id}, cap(b)))
	return m, true
}

func (m mark) giveBack(t *testing.T, p pool.Bytes) {
	t.Helper()
	whole := m.b[:cap(m.b)]
	if strange := len(whole) - bytes.Count(whole, []byte{m.id}); strange > 0 {
		t.Errorf("%d of a buffer's %d bytes were written by another owner, or by the pool, while it was in use", strange, len(whole))
	}
	p.Put(m.b)
}

// steps is fewer with -short.
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
