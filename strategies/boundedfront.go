package strategies

import (
	"runtime"
	"unsafe"

	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// boundedFront is Get and Put of a Bounded, and knows nothing of its T. A method of
// a generic type is handed a dictionary, which it has to keep across the calls that
// pin and unpin, and one with two calls is not inlined. Bounded's methods make one
// call, of these, and the compiler puts that in place of them: a fifth of the
// pair's time.
type boundedFront struct {
	cells magazine.Front    // all of the engine that is needed on a hit
	sized bool              // objects have sizes of their own
	aside *safety.Addresses // what Put does not give the cell as it is
	core  *bounded
}

// open makes a new handle's front usable.
func (f *boundedFront) open(c *bounded) {
	f.core, f.sized, f.aside = c, c.object == 0, c.standIns
	if c.prepare != nil || f.sized {
		f.aside = safety.All
	}
	c.engine.Refresh(&f.cells)
}

func (f *boundedFront) get() unsafe.Pointer {
	pid := percpu.Pin()
	ps := f.cells.Ps()
	if !ps.Has(pid) {
		return f.miss()
	}
	cell := ps.At(pid, 0)
	x := cell.Top() // nil if sized
	if x != nil {
		cell.ClearTop()
	} else if x = cell.Pop(); x == nil {
		cell.Unlock()
		return f.miss()
	} else if f.sized {
		cell.Popped()
	}
	if !cell.Count(0) {
		cell.Leave()
		x, _ = f.core.sampled(x)
		return x
	}
	cell.Leave()
	raceghost.Get(x)
	runtime.KeepAlive(f) // and so the handle: or a cleanup could take the last counts, and the cell, before it is left
	return x
}

func (f *boundedFront) put(x unsafe.Pointer) {
	if f.aside.May(x) {
		if f.core.standIns.May(x) && f.core.putNilOrStandIn(x) {
			runtime.KeepAlive(f)
			return
		}
		if f.core.prepare == nil {
			if f.sized {
				f.putSized(percpu.Pin(), x, f.core.measure.of(x))
				return
			}
		} else if size, ok := f.core.prepare(x, x); !ok {
			return
		} else if f.sized {
			f.putSized(percpu.Pin(), x, size)
			return
		}
	}
	f.ghost(x)
	pid := percpu.Pin()
	ps := f.cells.Ps()
	if !ps.Has(pid) {
		f.surplus(x)
		return
	}
	cell := ps.At(pid, 0)
	if cell.GiveTop(x) {
		cell.Leave()
		runtime.KeepAlive(f)
		return
	}
	if cell.Push(x) {
		cell.Leave()
		runtime.KeepAlive(f)
		return
	}
	cell.Unlock()
	f.surplus(x)
}

// ghost tells the race detector of a Put, and does nothing in other builds.
func (f *boundedFront) ghost(x unsafe.Pointer) {
	if raceghost.On {
		raceghost.PutObject(x, f.core.typ)
	}
}

// putSized is put of an object that has a size of its own. It begins pinned, and is
// GiveSized, inlined.
func (f *boundedFront) putSized(pid int, x unsafe.Pointer, size int64) {
	f.ghost(x)
	cell := f.cells.At(pid, 0)
	kept := cell.Fits(size) && cell.Push(x)
	if kept {
		cell.Pushed(size)
	}
	cell.Leave()
	if !kept {
		f.core.put(x, size)
		f.core.engine.Refresh(&f.cells)
	}
	runtime.KeepAlive(f)
}

// miss is get where the P's cell was empty. It begins pinned.
func (f *boundedFront) miss() unsafe.Pointer {
	percpu.Unpin()
	x, _ := f.getE()
	return x
}

// getE is get that says why there is nothing. It asks the engine, and not the cell.
func (f *boundedFront) getE() (unsafe.Pointer, error) {
	c := f.core
	if c.mode.state.Load() == isOff {
		c.missed()
		return c.create()
	}
	x, sample := c.engine.Get(0, 0)
	c.engine.Refresh(&f.cells)
	if sample {
		return c.sampled(x)
	}
	c.missed()
	if x == nil {
		return c.newForRequest()
	}
	raceghost.Get(x)
	return x, nil
}

// surplus is put where the P's cell had no room. It begins pinned.
func (f *boundedFront) surplus(x unsafe.Pointer) {
	percpu.Unpin()
	f.core.put(x, f.core.object)
	f.core.engine.Refresh(&f.cells)
}
