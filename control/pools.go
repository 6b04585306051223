package control

import "time"

// Resizable is a pool whose idle memory can be bounded and dropped.
type Resizable interface {
	// Limit is the most idle bytes the pool keeps, or math.MaxInt64 where there is no limit.
	Limit() int64
	// SetLimit changes the limit, drops what no longer fits and returns the
	// limit in force, which may differ: a negative limit is taken as 0.
	SetLimit(bytes int64) int64
	// Trim drops at least the given number of idle bytes, or all there are, those least
	// likely to be wanted soon first, and returns how many it dropped. The memory itself is
	// free after the next garbage collection.
	Trim(bytes int64) int64
}

// BudgetMember is a pool as its budget sees it: a source of idle memory. Its
// methods may be called at any time, by any goroutine that is not in a Get or
// Put of a pool.
type BudgetMember interface {
	// LongestWait is how long the object that Evict would drop first can be
	// expected to lie until it is wanted: where nothing else is known, as long
	// again as it has been idle. It is false if there is none.
	LongestWait(idle time.Duration) (time.Duration, bool)
	// Evict drops objects that have been idle for as long as idle, those with the longest
	// wait first, until at least the bytes are free, or all of them are dropped. It leaves
	// the objects that Ps have at hand. Pressed says whether memory pressure is why, and
	// not that the budget is full. It returns the bytes freed.
	Evict(bytes int64, idle time.Duration, pressed bool) int64
	// Detach takes from the Ps what they have at hand, and Drain gives it to Evict, once no
	// P can be in the middle of using it. Call Detach on all pools and then Drain on each:
	// that stops the world once.
	Detach()
	Drain()
}

// Sample is a buffer or an object that is handed out now, chosen at random from
// all that were.
type Sample struct {
	Get    []uintptr // where it was taken, as runtime.Callers gives it; valid during the call of yield only
	Size   int64     // bytes
	Taken  time.Time // when
	Weight int64     // how many handed-out ones it stands for, on average
	Tree   any       // identifies the goroutines that share their pprof labels with the one that took it; nil: not known
}

// Sampler is a pool that knows where all or some of the objects it has handed out were
// taken.
//
// Samples calls yield for each sample until it returns false. It holds a lock of
// the pool's that sampled calls want, but no others: yield must not use the pool.
type Sampler interface {
	Samples(yield func(Sample) bool)
}
