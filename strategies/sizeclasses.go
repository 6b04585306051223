package strategies

import (
	"fmt"
	"runtime"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/internal/handle"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// DefaultLimit is the limit, in idle bytes, of a pool whose config sets none.
const DefaultLimit = 64 << 20

// SizeClassesConfig configures NewSizeClasses. The zero value is useful: powers
// of two from 256 B to 1 MiB, at most 64 MiB idle, not published.
type SizeClassesConfig struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where it is published; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate

	// Classes are the capacities that the pool hands out and takes back.
	Classes Classes
	// Limit is the most idle bytes: 0 is DefaultLimit, pool.Unlimited none.
	Limit int64
	// Budget is a limit shared with other pools, besides Limit. nil is the
	// registry's if the pool is published, and none otherwise.
	Budget *pool.Budget
	// Prewarm is the number of buffers that the constructor makes, by size.
	Prewarm map[int]int
	// Zero says when reused buffers are cleared, over their whole capacity.
	Zero Zeroing
	// Safety says how closely the pool checks its callers.
	Safety Safety
}

// SizeClasses is a pool of byte buffers in size classes, for buffers of differing or
// unknown size.
//
// Get(n) returns a buffer of length n from the smallest class that holds n; its
// contents are unspecified unless Zero says otherwise. A request larger than the
// largest class is allocated and counted as bypass. Put takes back what Get returned,
// or a prefix of it. It knows a buffer by its capacity: a buffer whose capacity is no
// class's (grown by append, or from elsewhere) is dropped and counted with the
// reason. A suffix whose capacity happens to be a class's cannot be told from a
// buffer of that class: give back what you got.
//
// All methods are safe for concurrent use. Neither Get nor Put waits or, on a hit,
// allocates; together they cost about as much as a sync.Pool's, and less where one
// goroutine gets and another puts. Idle buffers survive garbage collections and never
// exceed the limit.
type SizeClasses struct {
	front     magazine.Front // all of core that Get and Put need as long as they hit
	doublings doublings      // the classes of a table of powers of two
	table     *classTable    // those of others; both find nothing for the side on which the pool clears buffers, to save the others a test
	core      *sizeClasses
	pub       *pool.Publication
	token     handle.Token
}

// NewSizeClasses returns a pool, or an error that lists every mistake in the config.
func NewSizeClasses(c SizeClassesConfig) (*SizeClasses, error) {
	p := problemsOf("SizeClassesConfig")
	table := c.Classes.table(&p)
	p.zeroing(c.Zero)
	p.safety(c.Safety)
	limit := p.limit(c.Limit)
	if table != nil {
		p.With("Classes").AddIf(limit < int64(table.sizes[0]), "Limit", limit,
			fmt.Sprintf("less than one buffer of the smallest class; use at least %d, or 0 for %d", table.sizes[0], DefaultLimit))
		c.checkPrewarm(&p, table, limit)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	core := &sizeClasses{table: table, zero: c.Zero}
	place := publication{c.Name, c.Registry, c.OnDuplicate}
	core.engine = magazine.New(magazine.Config{
		Sizes: table.sizes64(), Limit: limit, Budget: place.budget(c.Budget), Sampling: c.Safety.sampling(),
	})
	core.watch = c.Safety.watch(safety.New, safety.Config{
		Engine: core.engine, Clears: c.Zero != ZeroNever, Classes: len(table.sizes), Registry: place.in(),
	})
	pub, err := place.publish(core)
	if err != nil {
		core.engine.Close()
		return nil, err
	}
	core.watch.SetName(pub.Name())
	s := &SizeClasses{doublings: table.doublings(c.Zero), table: table.clearing(c.Zero), core: core, pub: pub, token: handle.New()}
	core.engine.Refresh(&s.front)
	core.closeWhenDropped(&s.token, pub)
	for size, n := range c.Prewarm {
		s.Warm(size, n)
	}
	return s, nil
}

func (c *SizeClassesConfig) checkPrewarm(p *problems, table *classTable, limit int64) {
	var bytes int64
	for size, n := range c.Prewarm {
		class, ok := table.class(size)
		field := fmt.Sprintf("Prewarm[%d]", size)
		p.AddIf(!ok, field, n, fmt.Sprintf("no class holds %d bytes; the largest is %d", size, table.largest()))
		p.AddIf(ok && n < 0, field, n, "use 0 or more")
		if ok && n > 0 {
			bytes = config.Sum(bytes, config.Product(int64(n), int64(table.sizes[class])))
		}
	}
	p.With("Limit").AddIf(bytes > limit, "Prewarm", fmt.Sprintf("%d bytes in all", bytes),
		fmt.Sprintf("must fit the limit of %d bytes", limit))
}

// Get returns a buffer of length n. It panics if n is negative.
func (s *SizeClasses) Get(n int) []byte {
	pid := percpu.Pin() // before the lookup: less to carry over the call
	less := uint(n - 1) // the most there is for 0, which has no cell
	class := s.doublings.class(less)
	if less >= s.doublings.gets {
		var size int
		if class, size = s.table.find(n); less >= uint(size) {
			return s.getCleared(pid, n)
		}
	}
	ps := s.front.Ps()
	if !ps.Has(pid) {
		return s.get(n)
	}
	cell := ps.At(pid, class)
	x := cell.Top()
	if x != nil {
		cell.ClearTop()
	} else if x = cell.Pop(); x == nil {
		cell.Unlock()
		return s.get(n)
	}
	size := cell.Size()
	if !cell.Count(n) {
		cell.Leave()
		return s.core.sampled(x, n)
	}
	cell.Leave()
	raceghost.Get(x)
	runtime.KeepAlive(s) // or a cleanup could take the last counts, and the cell, before it is left
	return buffer(x, n, size)
}

// Put takes a buffer back; the caller must not use it any more.
func (s *SizeClasses) Put(b []byte) {
	x, size := unsafe.Pointer(unsafe.SliceData(b)), cap(b) // and not b: less to carry over the call
	if raceghost.On && s.core.ghosted(size) {
		raceghost.Put(x, uintptr(size))
	}
	pid := percpu.Pin()
	less := uint(size - 1)
	class := s.doublings.class(less)
	if less >= s.doublings.puts {
		var exact int
		if class, exact = s.table.exact(size); exact != size {
			s.put(x, size)
			return
		}
	}
	ps := s.front.Ps()
	if !ps.Has(pid) {
		s.put(x, size)
		return
	}
	cell := ps.At(pid, class)
	if cell.Size() == size { // the class holds as many bytes, and has no others
		if cell.GiveTop(x) {
			cell.Leave()
			runtime.KeepAlive(s)
			return
		}
		if cell.Push(x) {
			cell.Leave()
			runtime.KeepAlive(s)
			return
		}
	}
	cell.Unlock()
	s.put(x, size)
}

// Warm allocates up to n buffers that hold size bytes each and keeps them for
// later Gets, as far as the limit allows. It returns how many it made.
func (s *SizeClasses) Warm(size, n int) int {
	class, ok := s.core.table.class(size)
	if !ok {
		return 0
	}
	return s.core.engine.Warm(class, n, func() (unsafe.Pointer, int64) {
		return unsafe.Pointer(unsafe.SliceData(make([]byte, s.core.table.size[class]))), 0
	})
}

// Name returns the name under which the pool is published, or "".
func (s *SizeClasses) Name() string { return s.pub.Name() }

// Stats implements pool.Source.
func (s *SizeClasses) Stats(into *pool.Stats) {
	s.core.Stats(into)
	into.Name = s.pub.Name()
}

// Limit implements control.Resizable.
func (s *SizeClasses) Limit() int64 { return s.core.Limit() }

// Samples implements control.Sampler.
func (s *SizeClasses) Samples(yield func(control.Sample) bool) { s.core.Samples(yield) }

// SetLimit implements control.Resizable.
func (s *SizeClasses) SetLimit(bytes int64) int64 { return s.core.SetLimit(bytes) }

// Trim implements control.Resizable.
func (s *SizeClasses) Trim(bytes int64) int64 { return s.core.Trim(bytes) }

// Mode implements control.Switchable.
func (s *SizeClasses) Mode() control.Mode { return s.core.Mode() }

// SetMode implements [control.Switchable]. Buffers that are idle when the pool leaves
// ModeOn are dropped and counted as evictions, reason resize. Capacities stay those
// of the classes.
func (s *SizeClasses) SetMode(m control.Mode) { s.core.SetMode(m) }

// watched is for parts of the pool's buffers that have owners of their own.
func (s *SizeClasses) watched() *safety.Watch { return s.core.watch }

// Close drops what the pool holds and withdraws it from its registry. Later Gets
// allocate, later Puts drop, and both are counted as closed. Closing twice does
// nothing.
func (s *SizeClasses) Close() {
	s.core.close()
	s.pub.Close()
}

var (
	_ pool.Bytes        = (*SizeClasses)(nil)
	_ pool.Source       = (*SizeClasses)(nil)
	_ control.Resizable = (*SizeClasses)(nil)
	_ control.Sampler   = (*SizeClasses)(nil)
)
