// Package poolprof is a profile of who holds pooled buffers and objects now, by the
// call stack that took them, as the heap profile is of memory. Mounted beside
// net/http/pprof, it is read with the same tool:
//
//	mux.Handle("/debug/pprof/otelpool", poolprof.Handler())
//
//	go tool pprof -top http://localhost:6060/debug/pprof/otelpool
//	go tool pprof -base before.pb.gz http://localhost:6060/debug/pprof/otelpool # what was not given back since
//	go tool pprof http://localhost:6060/debug/pprof/otelpool?seconds=30 # the same over half a minute
//
// Its sample types are bytes, which is what pprof shows first, and objects. Each
// sample has the pool's name as the label pool, for -tagfocus and -tagroot.
//
// It has the pools of a registry that are a [control.Sampler]: SizeClasses and
// Bounded with a Safety of sampled, which is the default, or strict. A strict pool
// is in it to the last buffer. Of a sampled one it has an estimate: one sample stands
// for as many as the same place in the code took since it was sampled, which is some
// tens in a service and many thousands in a tight loop, so what is held by few is
// seldom in it. Requests that were larger than a pool's largest class are not.
//
// A profile costs a walk over the samples, a few thousand at most, and symbols for
// their stacks. The package is a module of its own, so that pools themselves do
// not depend on github.com/google/pprof.
package poolprof
