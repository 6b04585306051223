package strategies

import (
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/safety"
)

// Safety says how closely a SizeClasses or Bounded checks that callers give back what
// they got, once, and then leave it alone. For a Fixed see FixedConfig; other pools
// do not check. Misuse is counted in Stats.Misuse and reported to the registry's
// OnMisuse observers; it never disturbs a caller.
//
// A checked request gets a stand-in, which is made for one user and never reused. A
// buffer that is one has a few bytes more capacity than others of its class, and
// beyond them bytes that must not change; a Bounded's is an object fresh from New.
// After Put it stays in quarantine for a while, overwritten (or cleared, if the pool
// clears), so that a late write shows. Objects are not overwritten, and late writes
// to them not found. A stand-in that the garbage collector takes while it is handed
// out was lost. A strict Bounded knows the objects it has handed out and does not
// take others.
//
// With the build tag otelpool_debug every pool that can is SafetyStrict, whatever its
// config says, and these panic, with the places in the code that led to them: a
// double Put, a Put of b[k:], a write after Put or beyond the capacity. Lost and
// foreign objects and mistakes in configs do not panic. The panic comes where the
// misuse is found: for a late write, in a later Get or Put. Misuse of a [ChunkedSlice]
// panics on a pool that is SafetyStrict by its config too.
type Safety uint8

const (
	// SafetySampled checks as many requests as a hundredth of the P's time and 60 ns of
	// each request allow: of 1 KiB about one in 250 in a service, one in 90,000 in a
	// tight loop; fewer of larger ones. A place in the code that was never sampled is
	// sampled at once. Other requests cost nothing. It keeps at most 16 objects beside the
	// limit, of 256 KiB together, or a single larger one.
	SafetySampled Safety = iota
	// SafetyOff checks nothing.
	SafetyOff
	// SafetyStrict checks every request: for tests and canaries. A Get takes
	// microseconds and allocates, and up to 16 MiB are kept beside the limit.
	SafetyStrict
)

var safetyNames = [...]string{"sampled", "off", "strict"}

// String returns the name used in configurations.
func (s Safety) String() string {
	if int(s) < len(safetyNames) {
		return safetyNames[s]
	}
	return "unknown"
}

func (p *problems) safety(s Safety) {
	p.AddIf(s > SafetyStrict, "Safety", uint8(s), "use SafetySampled, SafetyOff or SafetyStrict")
}

// inForce is the config's, but in debug builds.
func (s Safety) inForce() Safety {
	if debugBuild {
		return SafetyStrict
	}
	return s
}

// sampling is how the engine asks for samples.
func (s Safety) sampling() magazine.Sampling {
	switch s.inForce() {
	case SafetyOff:
		return magazine.Sampling{}
	case SafetyStrict:
		return magazine.Sampling{Least: 1}
	default:
		return magazine.Sampling{Every: safety.LookEvery, Least: safety.LeastRequests, First: safety.FirstRequests}
	}
}

// watch is what looks at a pool's objects, nil for SafetyOff.
func (s Safety) watch(open func(safety.Config) *safety.Watch, c safety.Config) *safety.Watch {
	if s.inForce() == SafetyOff {
		return nil
	}
	c.Strict = s.inForce() == SafetyStrict
	c.Panics = debugBuild
	return open(c)
}

// What can be found.
var (
	bufferMisuse = pool.SetOf(pool.MisuseLost, pool.MisuseDouble, pool.MisuseWrite, pool.MisuseOverrun, pool.MisuseSuffix,
		pool.MisuseForeign)
	objectMisuse = pool.SetOf(pool.MisuseLost, pool.MisuseDouble, pool.MisuseConfig)
	slabMisuse   = pool.SetOf(pool.MisuseDouble, pool.MisuseForeign)
)

// slack is how much more capacity than its class a stand-in has, at least: odd,
// so that what is left of it after a round number of bytes is of no class's size.
const slack = 37

// standInSize is a capacity for stand-ins of a class that no class has.
func (t *classTable) standInSize(class int) int {
	for size := t.sizes[class] + slack; ; size += 2 {
		if _, taken := t.exact(size); taken != size {
			return size
		}
	}
}

// sampled is a stand-in for x, a buffer of the class or nil, or x if there
// can be none.
func (c *sizeClasses) sampled(x unsafe.Pointer, n int) []byte {
	class, _ := c.table.class(n)
	if weight, due := c.watch.Due(class); due {
		if b := c.watch.TakeBuffer(x, class, c.table.standInSize(class), weight); b != nil {
			return b[:n]
		}
	}
	return c.taken(x, class, n, false)
}

// putStandIn takes a stand-in back, and gives the engine what it stood for. It
// reports false if x is none.
func (c *sizeClasses) putStandIn(x unsafe.Pointer) bool {
	s, again := c.watch.Return(x)
	if s == nil {
		return false
	}
	if again {
		c.rejected[pool.Double].Add(1)
		return true
	}
	if class, spare := s.Spare(); c.accepts(c.table.size[class]) {
		if spare == nil {
			spare = unsafe.Pointer(unsafe.SliceData(c.fresh(class, 0)))
		}
		c.engine.Put(class, spare, 0)
	}
	c.confine(s)
	return true
}

// sampled is a new object as a stand-in for x, or for another new one if the
// engine had none; or the latter themselves, if there is to be no stand-in.
func (c *bounded) sampled(x unsafe.Pointer) (unsafe.Pointer, error) {
	weight, due := c.watch.Due(0)
	if x == nil {
		var err error
		if x, err = c.newForRequest(); err != nil {
			return nil, err
		}
	}
	if due {
		if standIn := c.standIn(x, weight); standIn != nil {
			return standIn, nil
		}
	}
	c.missed()
	raceghost.Get(x)
	return x, nil
}

// standIn is a new object as a stand-in for x, or nil.
func (c *bounded) standIn(x unsafe.Pointer, weight int64) (made unsafe.Pointer) {
	began, done := time.Now(), false
	defer func() {
		if !done { // in a panic: as if x, which was counted, had come back
			c.refuse(isOn, x)
		}
	}()
	made, err := c.create()
	var size int64
	if err == nil {
		size = c.weigh(made)
	}
	done = true
	if err != nil || c.watch.TakeObject(safety.Object{X: made, Spare: x, Type: c.typ, Size: int(size), Weight: weight, Began: began}) {
		return made
	}
	c.discardObject(made)
	return nil
}

// putNilOrStandIn is Put of what is nil or may be a stand-in. It reports false if x is an
// object of the pool.
func (c *bounded) putNilOrStandIn(x unsafe.Pointer) bool {
	if x == nil {
		c.nils.Add(1)
		return true
	}
	s, again := c.watch.Return(x)
	switch {
	case s == nil:
		return c.foreign()
	case again:
		c.doubles.Add(1)
		return true
	}
	_, spare := s.Spare()
	defer c.confine(s)
	if c.object == 0 || c.prepare != nil {
		raceghost.Get(spare) // the pool, Size or Discard looks at it
	}
	if c.prepare == nil {
		c.put(spare, c.bytes(spare))
	} else if size, ok := c.prepare(x, spare); ok {
		c.put(spare, size)
	}
	return true
}

// foreign reports whether what was put, and is no stand-in, is not the pool's. That is
// left alone: somebody else may have it.
func (c *bounded) foreign() bool {
	if c.safety != SafetyStrict || c.strangers.excuses() || c.mode.state.Load() != isOn {
		return false
	}
	c.strangers.refused.Add(1)
	c.watch.Foreign(0)
	return true
}
