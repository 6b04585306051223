package pool

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

// Unlimited is the limit of a pool that has none of its own.
const Unlimited int64 = 1<<63 - 1
