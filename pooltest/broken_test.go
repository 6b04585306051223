package pooltest_test

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// short returns one byte too few from 1,000 on.
type short struct{ stack }

func (s *short) Get(n int) []byte {
	if n < 1000 {
		return s.stack.Get(n)
	}
	return s.stack.Get(n)[:n-1]
}

// roundsUp files a buffer under the next power of two, which it may be too small
// for.
type roundsUp struct {
	mu   sync.Mutex
	free [64][][]byte
}

func (r *roundsUp) Get(n int) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	class := bits.Len(uint(n - 1))
	if k := len(r.free[class&63]); n > 0 && k > 0 {
		b := r.free[class][k-1]
		r.free[class] = r.free[class][:k-1]
		return b[:min(n, cap(b))]
	}
	if n <= 0 {
		return make([]byte, n)
	}
	return make([]byte, n, 1<<class)
}

func (r *roundsUp) Put(b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if class := bits.Len(uint(cap(b) - 1)); cap(b) > 0 {
		r.free[class] = append(r.free[class], b)
	}
}

// twice keeps every buffer twice.
type twice struct{ stack }

func (s *twice) Put(b []byte) {
	s.stack.Put(b)
	s.stack.Put(b)
}

// neighbours cuts buffers from a slab, without capping their capacity.
type neighbours struct {
	mu   sync.Mutex
	slab []byte
}

func (s *neighbours) Get(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.slab) < n {
		s.slab = make([]byte, max(n, 1<<20))
	}
	b := s.slab[:n]
	s.slab = s.slab[n:]
	return b
}

func (s *neighbours) Put([]byte) {}

// clearsLate clears a buffer when the next one is asked for.
type clearsLate struct {
	stack
	last []byte
}

func (s *clearsLate) Get(n int) []byte {
	clear(s.last)
	s.last = s.stack.Get(n)
	return s.last
}

// shrinks hands out a buffer with the length it had when it was put.
type shrinks struct {
	mu   sync.Mutex
	free map[int][][]byte // by capacity
}

func (s *shrinks) Get(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if free := s.free[n]; len(free) > 0 {
		s.free[n] = free[:len(free)-1]
		return free[len(free)-1]
	}
	return make([]byte, n)
}

func (s *shrinks) Put(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == nil {
		s.free = make(map[int][][]byte)
	}
	if cap(b) > 0 {
		s.free[cap(b)] = append(s.free[cap(b)], b)
	}
}

// forgets keeps addresses as integers, which keep nothing alive.
type forgets struct {
	mu   sync.Mutex
	free map[int][]uintptr
}

func (s *forgets) Get(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if free := s.free[n]; len(free) > 0 {
		s.free[n] = free[:len(free)-1]
		address := free[len(free)-1]
		return unsafe.Slice(*(**byte)(unsafe.Pointer(&address)), n)
	}
	return make([]byte, n)
}

func (s *forgets) Put(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free == nil {
		s.free = make(map[int][]uintptr)
	}
	if cap(b) > 0 {
		s.free[cap(b)] = append(s.free[cap(b)], uintptr(unsafe.Pointer(unsafe.SliceData(b))))
	}
}

// nilPanics writes to a buffer without checking its length.
type nilPanics struct{ stack }

func (s *nilPanics) Put(b []byte) {
	b[0] = 0
	s.stack.Put(b)
}

// takesNegative serves negative lengths.
type takesNegative struct{ stack }

func (s *takesNegative) Get(n int) []byte { return s.stack.Get(max(n, 0)) }

// waits lends at most a hundred buffers at a time.
type waits struct {
	stack
	tickets chan bool
}

func newWaits() *waits { return &waits{tickets: make(chan bool, 100)} }

func (s *waits) Get(n int) []byte {
	s.tickets <- true
	return s.stack.Get(n)
}

func (s *waits) Put(b []byte) {
	s.stack.Put(b)
	<-s.tickets
}

// races does not take its lock.
type races struct{ stack }

func (s *races) Get(n int) []byte {
	if b := s.takeLocked(n); b != nil {
		return b[:n]
	}
	return make([]byte, n)
}

func (s *races) Put(b []byte) {
	if cap(b) > 0 {
		s.free = append(s.free, b)
	}
}

// truth is a pool with right figures, for others to falsify.
type truth interface {
	pool.Bytes
	pool.Source
	control.Resizable
}

func newTrue() truth {
	return strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
}

// liar falsifies the figures.
type liar struct {
	pool.Bytes
	source pool.Source
	edit   func(*pool.Stats)
}

func (l liar) Stats(into *pool.Stats) {
	l.source.Stats(into)
	l.edit(into)
}

func lying(edit func(*pool.Stats)) func() pool.Bytes {
	return func() pool.Bytes {
		p := newTrue()
		return liar{p, p, edit}
	}
}

type addsUp struct{ truth }

func (p addsUp) Stats(into *pool.Stats) {
	var s pool.Stats
	p.truth.Stats(&s)
	into.Counts.Add(&s.Counts)
	into.Knows, into.Limit = s.Knows, s.Limit
}

type unlimited struct{ truth }

func (unlimited) Limit() int64           { return 0 }
func (unlimited) SetLimit(n int64) int64 { return 0 }

type trimsNothing struct{ truth }

func (trimsNothing) Trim(n int64) int64 { return n }

// tunable is the source that a registry has for a pool that can be sized.
type tunable interface {
	pool.Source
	control.Tunable
}

// controlled joins the two sides of a pool: its users' and its controller's.
type controlled struct {
	pool.Bytes
	tunable
	edit func(*control.Demand)
}

func tuned(edit func(*control.Demand)) controlled {
	r := new(pool.Registry)
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "tuned", Registry: r}))
	return controlled{p, r.All()[0].Source().(tunable), edit}
}

func (c controlled) Demand(now time.Time, into *control.Demand) {
	c.tunable.Demand(now, into)
	if c.edit != nil {
		c.edit(into)
	}
}

type hoards struct{ controlled }

func (hoards) SetIdleAge(int, time.Duration) {}

type oneMode struct{ *stack }

func (oneMode) Mode() control.Mode   { return control.ModeOn }
func (oneMode) SetMode(control.Mode) {}

// closes panics once it is closed.
type closes struct {
	stack
	closed atomic.Bool
}

func (c *closes) Get(n int) []byte {
	if c.closed.Load() {
		panic("closes: closed")
	}
	return c.stack.Get(n)
}

func (c *closes) Close() { c.closed.Store(true) }

type nilObjects struct{}

func (nilObjects) Get() *int { return nil }
func (nilObjects) Put(*int)  {}

type keepsNil struct{ objects }

func (o *keepsNil) Put(x *int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.free = append(o.free, x)
}

type objectsTwice struct{ objects }

func (o *objectsTwice) Put(x *int) {
	o.objects.Put(x)
	o.objects.Put(x)
}

// racingObjects keeps one object and hands it over without synchronization.
type racingObjects struct{ x *int }

func (o *racingObjects) Get() *int {
	if x := o.x; x != nil {
		o.x = nil
		return x
	}
	return new(int)
}

func (o *racingObjects) Put(x *int) { o.x = x }
