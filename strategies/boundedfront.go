package strategies

import (
	"runtime"
	"unsafe"

	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/percpu"
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
	f.core, f.sized, f.aside = c, c.size != nil, c.standIns
	if c.prepare != nil {
		f.aside = safety.All
	}
	c.engine.Refresh(&f.cells)
}

func (f *boundedFront) get() unsafe.Pointer {
	cell := f.cells.At(percpu.Pin(), 0)
	x := cell.TakeTop() // nil if sized
	if x == nil {
		if f.sized {
			x = cell.TakeSized()
		} else {
			x = cell.Pop()
		}
		if x == nil {
			cell.Leave()
			return f.miss()
		}
	}
	if !cell.Count(0) {
		cell.Leave()
		x, _ = f.core.sampled(x)
		return x
	}
	cell.Leave()
	runtime.KeepAlive(f) // and so the handle: or a cleanup could take the last counts, and the cell, before it is left
	return x
}

func (f *boundedFront) put(x unsafe.Pointer) {
	if f.aside.May(x) {
		if f.core.standIns.May(x) && f.core.returned(x) {
			runtime.KeepAlive(f)
			return
		}
		if f.core.prepare != nil {
			size, ok := f.core.prepare(x, x)
			if !ok {
				return
			}
			if f.sized {
				f.putSized(x, size)
				return
			}
		}
	}
	cell := f.cells.At(percpu.Pin(), 0)
	if cell.Give(x) {
		cell.Leave()
		runtime.KeepAlive(f)
		return
	}
	cell.Leave()
	f.surplus(x, f.core.object)
}

// putSized is put of an object that has a size of its own.
func (f *boundedFront) putSized(x unsafe.Pointer, size int64) {
	cell := f.cells.At(percpu.Pin(), 0)
	kept := cell.GiveSized(x, size)
	cell.Leave()
	if !kept {
		f.surplus(x, size)
	}
	runtime.KeepAlive(f)
}

// miss is get where the P's cell was empty.
func (f *boundedFront) miss() unsafe.Pointer {
	x, _ := f.getE()
	return x
}

// getE is get that says why there is nothing. It asks the engine, and not the cell.
func (f *boundedFront) getE() (unsafe.Pointer, error) {
	c := f.core
	if c.mode.state.Load() == isOff {
		c.strangers.missed()
		return c.new()
	}
	x, sample := c.engine.Get(0, 0)
	c.engine.Refresh(&f.cells)
	if sample {
		return c.sampled(x)
	}
	c.strangers.missed()
	if x == nil {
		return c.make()
	}
	return x, nil
}

// surplus is put where the P's cell had no room.
func (f *boundedFront) surplus(x unsafe.Pointer, size int64) {
	f.core.put(x, size)
	f.core.engine.Refresh(&f.cells)
}
