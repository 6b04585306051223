package pool

import "time"

// Bytes is a pool of byte buffers.
//
// Get returns a slice of length n whose contents are unspecified and whose
// capacity is at least n. Put takes back what Get gave: the same slice or a
// prefix of it (b[:k]), never a suffix, and never twice. Get never fails and
// never waits: a pool that is empty, closed or over its limit allocates, and
// counts that it did. Get panics if n is negative, as make does.
type Bytes interface {
	Get(n int) []byte
	Put(b []byte)
}

// Objects is a pool of *T. Pointers only: a pointer fits an interface word, so
// neither Get nor Put allocates.
//
// Get returns an object in the state its pool's documentation promises; Put
// takes back what Get gave, once.
type Objects[T any] interface {
	Get() *T
	Put(x *T)
}

// Source is a pool that reports what it did and what it holds.
//
// Stats overwrites *into and reuses its Classes slice, so that a caller who
// keeps one Stats per pool reads it without allocating. It takes no lock that
// Get or Put wants. The figures are sums over per-P counters read one after
// the other: each is exact on its own, and differences between them are exact
// only while nobody uses the pool.
type Source interface {
	Stats(into *Stats)
}

// Resizable is a pool whose idle memory can be bounded and given back.
type Resizable interface {
	// Limit is the most idle bytes the pool keeps, or [Unlimited].
	Limit() int64
	// SetLimit changes the limit, drops what no longer fits and returns the
	// limit in force, which may differ: a negative limit is taken as 0.
	SetLimit(bytes int64) int64
	// Trim drops at least the given number of idle bytes, or all there are,
	// oldest first, and returns how many it dropped. The memory itself is
	// free after the next garbage collection.
	Trim(bytes int64) int64
}

// Unlimited is the limit of a pool that has none of its own.
const Unlimited int64 = 1<<63 - 1

// WaitObserver is told how long a caller waited for a pool that can make
// callers wait, after the wait. It runs on the waiter's goroutine and must be
// quick and safe for concurrent use.
type WaitObserver func(pool string, d time.Duration)
