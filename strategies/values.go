package strategies

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/percpu"
)

// Values is a pool of values: slices, or small structs. It keeps them in boxes of its own,
// so that Put does not allocate one, as Put of a sync.Pool does for a value that is not a
// pointer. The zero value works.
//
//	var rows strategies.Values[[]float64]
//
//	r := rows.Get()[:0]
//	…
//	rows.Put(r)
//
// The values survive garbage collections, within [DefaultLimit]. Size counts their bytes; if
// it is nil the pool does, as [BoundedConfig.Size] says. A box from which a value was taken
// is cleared, and refers to nothing.
//
// Get returns any value that was put, as it was put, in no order. Put takes what Get
// returned, what it has grown to, or what the pool never saw. Values have no identity, so
// the pool cannot detect that one was put twice and has two users.
//
// All methods are safe for concurrent use. Get and Put cost as much as with two
// sync.Pools, one of full and one of empty boxes, and do not allocate on a hit. A Values
// must not be copied after its first use.
type Values[T any] struct {
	_ handle.NoCopy

	// Name publishes the pool in [pool.Default] at its first use; "" does not. A taken
	// name gets a suffix.
	Name string
	// Size returns the bytes that a value occupies, for those that the pool cannot measure
	// itself; nil means the same as in a BoundedConfig.
	Size func(*T) int64
	// New makes a value for a Get that finds none; without it such a Get returns the
	// zero value.
	New func() T

	boxes atomic.Pointer[boxes[T]] // nil until the first use
	mu    sync.Mutex               // first uses take it
}

// boxes are full or empty.
type boxes[T any] struct {
	full, empty *Bounded[T]
	spares      spares
}

// spares has at most one empty box for each P: a Get leaves it there, and the next Put takes
// it, so that the pool of empty ones is hardly ever asked. It knows nothing of their type,
// see boundedFront. Ps share no cache line.
type spares struct{ of percpu.Array[spare] }

type spare struct {
	box  unsafe.Pointer
	lock percpu.Lock
	_    [64 - unsafe.Sizeof(uintptr(0)) - unsafe.Sizeof(percpu.Lock{})]byte
}

// swap exchanges the P's box for another; either may be nil. A P without a place gets one,
// and swap returns what it was given.
func (s *spares) swap(box unsafe.Pointer) (was unsafe.Pointer) {
	pid := percpu.Pin()
	own := s.of.At(pid)
	if own == nil {
		percpu.Unpin()
		s.of.Grow(pid)
		return box
	}
	own.lock.Lock()
	was, own.box = own.box, box
	own.lock.Unlock()
	percpu.Unpin()
	return was
}

// Get returns a value that was put, or what New makes if there is none.
func (v *Values[T]) Get() (x T) {
	b := v.boxes.Load()
	if b == nil {
		b = v.open()
	}
	box := b.full.Get()
	x, *box = *box, x
	if rest := b.spares.swap(unsafe.Pointer(box)); rest != nil {
		b.empty.Put((*T)(rest))
	}
	return x
}

// Put gives x to the pool: what it refers to must not be used any more.
func (v *Values[T]) Put(x T) {
	b := v.boxes.Load()
	if b == nil {
		b = v.open()
	}
	box := (*T)(b.spares.swap(nil))
	if box == nil {
		box = b.empty.Get()
	}
	*box = x
	b.full.Put(box)
}

// Stats overwrites *into with what the pool counted.
func (v *Values[T]) Stats(into *pool.Stats) { v.open().full.Stats(into) }

// open cannot fail: what could be wrong with the configs is not the user's to set.
func (v *Values[T]) open() *boxes[T] {
	v.mu.Lock()
	defer v.mu.Unlock()
	if b := v.boxes.Load(); b != nil {
		return b
	}
	full := BoundedConfig[T]{
		moves:       true,
		Name:        pool.ValidName(v.Name),
		OnDuplicate: pool.Suffix,
		New:         boxer(v.New),
		Size:        v.Size,
	}
	empty := BoundedConfig[T]{moves: true, New: func() *T { return new(T) }, MaxIdle: mostBoxes}
	b := &boxes[T]{full: Must(NewBounded(full)), empty: Must(NewBounded(empty))}
	v.boxes.Store(b)
	return b
}

const mostBoxes = 10_000

// boxer makes boxes for what make makes. It does not refer to the Values, which would
// never be collected then.
func boxer[T any](make func() T) func() *T {
	if make == nil {
		return func() *T { return new(T) }
	}
	return func() *T { return new(make()) }
}

var _ pool.Source = (*Values[int])(nil)
