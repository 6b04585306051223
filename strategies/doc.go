// Package strategies has the pools: of byte buffers ([SizeClasses], [Fixed]) and
// of objects ([Bounded], [Sync]), each behind the same Get and Put, each counting
// what it does.
//
//	var bodies = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "http.body"}))
//
//	b := bodies.Get(n)
//	defer bodies.Put(b)
//
// Take SizeClasses when in doubt. A pool with a Name is found by exporters and
// controllers in a [pool.Registry]; the zero value of every other field is
// useful, except where its comment says that it is required. Constructors report
// all that is wrong with a config at once.
//
// All pools keep one contract. What Get gave belongs to the caller until Put, and
// to the pool afterwards: reading or writing it then, or putting it twice, is a
// bug, for which SizeClasses and Bounded look in samples and Fixed always, see
// [Safety]. Get never fails and never waits, but for [Fixed.Acquire]: a pool that is
// empty or closed allocates. Put never fails: what a pool cannot keep it drops. Both
// are counted, with the reason.
//
// All but Fixed can be switched, while in use, to allocate and only count,
// or not even that: see [control.Switchable].
//
// [Buffer] is a growing buffer and [Copy] is io.Copy, on any pool of bytes.
package strategies
