package strategies

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
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
// All methods are safe for concurrent use. Get and Put cost a little less than with two
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
// it, so that the pool of empty ones is hardly ever asked, and each of the two pins once. It
// knows nothing of the boxes' type, see boundedFront. Ps share no cache line.
type spares struct{ of percpu.Array[spare] }

type spare struct {
	box  unsafe.Pointer
	lock percpu.Lock
	_    [64 - unsafe.Sizeof(uintptr(0)) - unsafe.Sizeof(percpu.Lock{})]byte
}

// take takes the P's box and leaves the caller pinned, or returns nil.
func (s *spares) take() (box unsafe.Pointer, pid int) {
	pid = percpu.Pin()
	if own := s.of.At(pid); own != nil {
		own.lock.Lock()
		box, own.box = own.box, nil
		own.lock.Unlock()
	}
	if box == nil {
		percpu.Unpin()
	}
	return box, pid
}

// leave puts an emptied box in the place that a take has locked, ends its pinned section, and
// returns what was there, or nil.
func (s *spare) leave(box unsafe.Pointer) (was unsafe.Pointer) {
	was, s.box = s.box, box
	s.lock.Unlock()
	percpu.Unpin()
	return was
}

// take is get and leaves the caller pinned, with the P's place for the box, locked. Nobody
// else finds the box there before the caller has emptied it and left. A P without a place
// gets one; then, or on a miss, the caller is not pinned, and place is nil.
func (f *boundedFront) take(s *spares) (box unsafe.Pointer, place *spare) {
	pid := percpu.Pin()
	place = s.of.At(pid)
	if place == nil {
		percpu.Unpin()
		s.of.Grow(pid)
		return f.get(), nil
	}
	cell := f.cells.At(pid, 0)
	if f.sized {
		box = cell.TakeSized()
	} else {
		box = cell.Take()
	}
	if box == nil {
		cell.Unlock()
		return f.miss(), nil
	}
	cell.Count(0) // there are no samples of what moves
	cell.Unlock()
	raceghost.Get(box)
	place.lock.Lock()
	runtime.KeepAlive(f) // as in get
	return box, place
}

// putPinned is put of a box that was filled in the pinned section that it ends.
func (f *boundedFront) putPinned(pid int, box unsafe.Pointer) {
	switch {
	case f.core.prepare != nil: // calls the user's Size
		percpu.Unpin()
		f.put(box)
	case f.sized:
		f.putSized(pid, box, f.core.measure.of(box))
	default:
		f.ghost(box)
		if cell := f.cells.At(pid, 0); cell.Give(box) {
			cell.Leave()
		} else {
			cell.Unlock()
			f.surplus(box)
		}
		runtime.KeepAlive(f)
	}
}

// Get returns a value that was put, or what New makes if there is none.
func (v *Values[T]) Get() (x T) {
	b := v.boxes.Load()
	if b == nil {
		b = v.open()
	}
	box, place := b.full.front.take(&b.spares)
	x, *(*T)(box) = *(*T)(box), x
	if place != nil {
		box = place.leave(box)
	}
	if box != nil {
		b.empty.Put((*T)(box))
	}
	return x
}

// Put gives x to the pool: what it refers to must not be used any more.
func (v *Values[T]) Put(x T) {
	b := v.boxes.Load()
	if b == nil {
		b = v.open()
	}
	box, pid := b.spares.take()
	if box == nil {
		fresh := b.empty.Get()
		*fresh = x
		b.full.Put(fresh)
		return
	}
	*(*T)(box) = x
	b.full.front.putPinned(pid, box)
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
