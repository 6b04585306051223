package sim

import (
	"math"
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// store is the stacks that most policies have. It keeps everything.
type store struct {
	sizes []int64
	free  []stack
	idle  account
}

func newStore(sizes []int64) store { return store{sizes: sizes, free: make([]stack, len(sizes))} }

func (s *store) Get(at time.Duration, class int) bool {
	f := &s.free[class]
	if f.n == 0 {
		return false
	}
	f.pop()
	s.idle.add(at, -s.sizes[class])
	return true
}

func (s *store) Put(at time.Duration, class int) {
	s.free[class].push(at)
	s.idle.add(at, s.sizes[class])
}

func (s *store) Tick(time.Duration) {}
func (s *store) GC(time.Duration)   {}

func (s *store) account() *account { return &s.idle }

// drop takes the n objects of a class that have lain longest.
func (s *store) drop(at time.Duration, class, n int) {
	for range min(n, s.free[class].n) {
		s.free[class].shift()
		s.idle.add(at, -s.sizes[class])
	}
}

// Unlimited keeps everything for ever.
func Unlimited(sizes []int64) Rival {
	s := newStore(sizes)
	return &s
}

// capped keeps a fixed number of objects of each class.
type capped struct {
	store
	most []int
}

// Capped keeps at most the given number of objects of each class.
func Capped(sizes []int64, most []int) Rival { return &capped{newStore(sizes), most} }

func (c *capped) limit() (bytes int64) {
	for class, n := range c.most {
		bytes += int64(n) * c.sizes[class]
	}
	return bytes
}

func (c *capped) Put(at time.Duration, class int) {
	if c.free[class].n < c.most[class] {
		c.store.Put(at, class)
	}
}

// full keeps what there is room for.
type full struct {
	store
	bytes int64
}

// Full keeps what comes back while there is room for it.
func Full(sizes []int64, bytes int64) Rival { return &full{newStore(sizes), bytes} }

func (f *full) limit() int64 { return f.bytes }

func (f *full) Put(at time.Duration, class int) {
	if f.idle.bytes+f.sizes[class] <= f.bytes {
		f.store.Put(at, class)
	}
}

// EqualShares divides bytes among the classes, for Capped.
func EqualShares(sizes []int64, bytes int64) []int {
	most := make([]int, len(sizes))
	for i, size := range sizes {
		most[i] = int(bytes / int64(len(sizes)) / max(size, 1))
	}
	return most
}

// Same is a slice of n for every class.
func Same(sizes []int64, n int) []int {
	all := make([]int, len(sizes))
	for i := range all {
		all[i] = n
	}
	return all
}

// BestSizes are the constant sizes that would have cost least: a pool with a
// fixed size that was told the future.
func BestSizes(t *trace.Trace, breakEven time.Duration) []int {
	curves := Curves(t)
	best := make([]int, len(curves))
	for i := range curves {
		best[i] = curves[i].BestSize(breakEven)
	}
	return best
}

// timeout drops what has lain for too long.
type timeout struct {
	store
	age time.Duration
}

// Timeout drops what has lain unused for age.
func Timeout(sizes []int64, age time.Duration) Rival { return &timeout{newStore(sizes), age} }

func (t *timeout) Tick(at time.Duration) {
	for class := range t.free {
		for f := &t.free[class]; f.n > 0 && at-f.bottom() >= t.age; {
			t.drop(at, class, 1)
		}
	}
}

// generations is sync.Pool: what survives two collections unused is gone. A
// single shard is generous: the real one cannot use what other Ps hold so well.
type generations struct {
	store
	victim []stack
}

// SyncPool is sync.Pool.
func SyncPool(sizes []int64) Rival {
	return &generations{newStore(sizes), make([]stack, len(sizes))}
}

func (g *generations) Get(at time.Duration, class int) bool {
	if g.store.Get(at, class) {
		return true
	}
	v := &g.victim[class]
	if v.n == 0 {
		return false
	}
	v.pop()
	g.idle.add(at, -g.sizes[class])
	return true
}

func (g *generations) GC(at time.Duration) {
	for class := range g.free {
		g.idle.add(at, -g.sizes[class]*int64(g.victim[class].n))
		g.victim[class], g.free[class] = g.free[class], stack{}
	}
}

// stacksNET is .NET's shared array pool: bounded stacks. A collection takes an
// object or two from a stack that has not been empty for a minute.
type stacksNET struct {
	store
	since []time.Duration // when the stack was last seen to begin; 0 for not yet
}

const (
	netStack   = 32 * 2 // per core and size, on two cores
	netPatient = 60 * time.Second
	netLarge   = 16 << 10 // from here on one more is taken
)

// DotNET is .NET's ArrayPool.Shared.
func DotNET(sizes []int64) Rival {
	return &stacksNET{newStore(sizes), make([]time.Duration, len(sizes))}
}

func (s *stacksNET) Put(at time.Duration, class int) {
	if s.free[class].n >= netStack {
		return
	}
	if s.free[class].n == 0 {
		s.since[class] = 0
	}
	s.store.Put(at, class)
}

func (s *stacksNET) GC(at time.Duration) {
	for class := range s.free {
		if s.free[class].n == 0 {
			continue
		}
		if s.since[class] == 0 {
			s.since[class] = at
			continue
		}
		if at-s.since[class] <= netPatient {
			continue
		}
		n := 1
		if s.sizes[class] > netLarge {
			n++
		}
		s.drop(at, class, n)
		s.since[class] += netPatient / 4
	}
}

// lowWater drops a share of what nobody used for a while.
type lowWater struct {
	store
	every time.Duration
	share float64
	low   []int
	next  time.Duration
}

// LowWater drops, every so often, a share of the fewest free objects there were
// since the last time: all of them as TCMalloc's transfer cache does, or half as
// its thread caches did.
func LowWater(sizes []int64, every time.Duration, share float64) Rival {
	return &lowWater{newStore(sizes), every, share, make([]int, len(sizes)), every}
}

func (l *lowWater) Get(at time.Duration, class int) bool {
	hit := l.store.Get(at, class)
	l.low[class] = min(l.low[class], l.free[class].n)
	return hit
}

func (l *lowWater) Tick(at time.Duration) {
	if at < l.next {
		return
	}
	l.next = at + l.every
	for class := range l.free {
		l.drop(at, class, int(math.Ceil(float64(l.low[class])*l.share)))
		l.low[class] = l.free[class].n
	}
}

// demandBased is TCMalloc's rule for giving pages back: keep what the demand of
// the last minutes asks for, its trend over five of them and its swing within
// one.
type demandBased struct {
	store
	out     []int
	epochs  [][]epoch // per class, the last 300, one a second
	current []epoch
	next    time.Duration
}

type epoch struct{ least, most int }

const (
	longEpochs  = 300
	shortEpochs = 60
)

// DemandBased is TCMalloc's rule with intervals of 60 and 300 s.
func DemandBased(sizes []int64) Rival {
	return &demandBased{store: newStore(sizes), out: make([]int, len(sizes)), epochs: make([][]epoch, len(sizes)),
		current: make([]epoch, len(sizes)), next: time.Second}
}

func (d *demandBased) Get(at time.Duration, class int) bool {
	d.out[class]++
	d.current[class].most = max(d.current[class].most, d.out[class])
	return d.store.Get(at, class)
}

func (d *demandBased) Put(at time.Duration, class int) {
	d.out[class]--
	d.current[class].least = min(d.current[class].least, d.out[class])
	d.store.Put(at, class)
}

func (d *demandBased) Tick(at time.Duration) {
	if at < d.next {
		return
	}
	d.next = at + time.Second
	for class := range d.free {
		e := append(d.epochs[class], d.current[class])
		d.epochs[class] = e[max(len(e)-longEpochs, 0):]
		d.current[class] = epoch{d.out[class], d.out[class]}
		d.drop(at, class, d.free[class].n+d.out[class]-needed(d.epochs[class]))
	}
}

func needed(epochs []epoch) int {
	trend, swing := 0, 0
	for i, e := range epochs {
		trend = max(trend, e.least)
		if i >= len(epochs)-shortEpochs {
			swing = max(swing, e.most-e.least)
		}
	}
	return trend + swing
}
