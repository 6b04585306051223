// Package poolprof is a profile of who holds pooled buffers and objects now, by the
// call stack that took them, like the heap profile for memory. Mounted beside
// net/http/pprof, it is read with the same tool:
//
//	mux.Handle("/debug/pprof/otelpool", poolprof.Handler())
//
//	go tool pprof -top http://localhost:6060/debug/pprof/otelpool
//	go tool pprof -base before.pb.gz http://localhost:6060/debug/pprof/otelpool # taken since and not given back
//	go tool pprof http://localhost:6060/debug/pprof/otelpool?seconds=30 # the same over half a minute
//
// Its sample types are bytes, which pprof shows first, and objects. Each sample has
// the pool's name as the label pool, for -tagfocus and -tagroot.
//
// The profile covers the pools of a registry that are a [control.Sampler]:
// SizeClasses and Bounded with a Safety of sampled, the default, or strict. For a
// strict pool it has every buffer, for a sampled one an estimate: a sample stands
// for all that the same place in the code took since its last sample, some tens in a
// service and many thousands in a tight loop. So the profile often lacks places that
// hold only a few. It also lacks requests larger than a pool's largest class.
//
// A profile costs a walk over the samples, a few thousand at most, and symbols for
// their stacks. The package is a module of its own, so that pools themselves do
// not depend on github.com/google/pprof.
package poolprof
