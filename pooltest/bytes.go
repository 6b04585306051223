package pooltest

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"sync"
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

// lengths lie around the sizes at which pools change their behaviour.
var lengths = []int{0, 1, 7, 100, 255, 256, 257, 1000, 1023, 1024, 1025, 4096, 5000, 16 << 10, 32<<10 + 1, 100_000}

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
	useAndTake(t, p, func(n int) {
		b := p.Get(n)
		p.Put(b[:n/3])
	})
}

// useAndTake calls use with every length and then takes buffers of all lengths.
func useAndTake(t *testing.T, p pool.Bytes, use func(n int)) {
	h := newHolder(t, p)
	for range 3 {
		for _, n := range lengths {
			use(n)
		}
		h.takeAll()
	}
}

func checkNothing(t *testing.T, p pool.Bytes) {
	useAndTake(t, p, func(int) {
		mustNotPanic(t, "Put(nil)", func() { p.Put(nil) })
		mustNotPanic(t, "Put([]byte{})", func() { p.Put([]byte{}) })
	})
}

// checkElsewhere puts buffers of many capacities that the pool did not make.
// The pool may keep those that it can hand out, and has to recognize the
// others.
func checkElsewhere(t *testing.T, p pool.Bytes) {
	useAndTake(t, p, func(n int) {
		mustNotPanic(t, "Put of a buffer from elsewhere", func() {
			p.Put(make([]byte, n))
			p.Put(make([]byte, n/2, n+3))
			p.Put(append(p.Get(n), 1)) //poollint:ignore the mistake is what is tested
		})
	})
}

// checkOwners takes and gives back at random.
func checkOwners(t *testing.T, p pool.Bytes) {
	h := newHolder(t, p)
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < steps(3000) && !t.Failed(); i++ {
		h.step(r)
	}
	h.giveBackAll()
}

// step takes a buffer or gives one back.
func (h *holder) step(r *rand.Rand) {
	h.t.Helper()
	if len(h.held) < r.IntN(60) {
		h.take(lengths[r.IntN(len(lengths))])
	} else if len(h.held) > 0 {
		h.giveBack(r.IntN(len(h.held)))
	}
}

// checkCollections finds a pool that does not keep its objects alive: the
// collector then gives the memory to another owner as well.
func checkCollections(t *testing.T, p pool.Bytes) {
	for range steps(6) {
		fillPool(p)
		runtime.GC()
		runtime.GC()
		others := newHolder(t, plain{})
		for range 8 {
			others.takeEach()
		}
		newHolder(t, p).takeAll()
		others.giveBackAll()
	}
}

// fillPool leaves several free buffers of each length in the pool and keeps no
// reference to them.
func fillPool(p pool.Bytes) {
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
}

// plain allocates, and keeps nothing.
type plain struct{}

func (plain) Get(n int) []byte { return make([]byte, n) }
func (plain) Put([]byte)       {}

// checkConcurrent has goroutines take, mark, pass on and give back buffers.
func checkConcurrent(t *testing.T, p pool.Bytes) {
	passed := make(chan mark, 16)
	var wg sync.WaitGroup
	for g := range byte(8) {
		wg.Go(func() { takeAndPass(t, p, g, passed) })
	}
	wg.Wait()
	close(passed)
	for m := range passed {
		m.giveBack(t, p)
	}
}

// takeAndPass is one goroutine of checkConcurrent, which stops at the first
// failure of any of them.
func takeAndPass(t *testing.T, p pool.Bytes, g byte, passed chan mark) {
	r := rand.New(rand.NewPCG(uint64(g), 3))
	for i := 0; i < steps(600) && !t.Failed(); i++ {
		n := lengths[r.IntN(len(lengths)-2)]
		m, ok := newMark(p.Get(n), n, g<<4|byte(i)&15)
		if !ok {
			t.Errorf("Get(%d) returned %d bytes", n, len(m.b))
			return
		}
		passOn(m, passed, func(m mark) { m.giveBack(t, p) })
	}
}

// passOn sends own to another goroutine, or gives back own and, if there is
// one, an object that another goroutine sent.
func passOn[T any](own T, passed chan T, giveBack func(T)) {
	select {
	case passed <- own:
		return
	case other := <-passed:
		giveBack(other)
	default:
		runtime.Gosched()
	}
	giveBack(own)
}

// holder holds marked buffers; giving one back checks that nobody else wrote to it.
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
	h.held = append(h.held, mustMark(h.t, h.p.Get(n), n, h.next))
}

func mustMark(t *testing.T, b []byte, n int, id byte) mark {
	t.Helper()
	m, ok := newMark(b, n, id)
	if !ok {
		t.Fatalf("Get(%d) returned %d bytes", n, len(b))
	}
	return m
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
		h.takeEach()
	}
	h.giveBackAll()
}

func (h *holder) takeEach() {
	h.t.Helper()
	for _, n := range lengths {
		h.take(n)
	}
}

// mark is a buffer that its owner has filled with an identifying byte, up to
// the capacity, because append would write there too.
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
	if n := m.strange(); n > 0 {
		t.Errorf("%d of a buffer's %d bytes were written by another owner, or by the pool, while it was in use", n, cap(m.b))
	}
	p.Put(m.b)
}

// strange is the number of bytes that the owner did not write.
func (m mark) strange() int {
	whole := m.b[:cap(m.b)]
	return len(whole) - bytes.Count(whole, []byte{m.id})
}

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
