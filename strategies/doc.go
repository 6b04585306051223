// Package strategies has the pools: SizeClasses and Fixed for byte buffers, Bounded
// and Sync for objects, Values for slices and small structs. All take with Get and
// give back with Put, and all count what they do.
//
//	var bodies = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "http.body"}))
//
//	b := bodies.Get(n)
//	defer bodies.Put(b)
//
// Take SizeClasses when in doubt. Exporters and controllers find a pool with a Name
// in its [pool.Registry]. The zero value of every other field is useful, except where
// its comment says that it is required. A constructor reports all mistakes in a
// config at once.
//
// All pools keep one contract. What Get returned belongs to the caller until Put, and
// to the pool afterwards: to read or write it then, or to put it twice, is a bug.
// Fixed finds every second Put of a buffer that is still free; SizeClasses and Bounded
// look for such bugs in samples: see [Safety]. Get fails only where the pool's own New or
// NewE does, and only Fixed.Acquire waits: a pool that is empty or closed allocates. Put
// never fails: what a pool cannot keep, it drops. Both are counted, with the reason.
//
// SizeClasses, Bounded and Sync can be switched while in use to allocate and only count, or
// not even count: see [control.Switchable].
//
// Buffer is a growing buffer, Chunked one that grows without copying and can be shared in
// parts, and Copy is io.Copy, on any pool of bytes.
package strategies
