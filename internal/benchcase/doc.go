// Package benchcase has the work of the pools' benchmarks, shared by our pools in
// the root's bench_test.go and other libraries' pools in lab/bench.
//
// A pool comes with its loops written out ([Pool]), because a call through an
// interface or a closure costs as much as the operation measured. A case calls a
// loop once for hundreds or thousands of operations, so that the cost of that call
// disappears.
//
// An operation is always one Get and one Put, and always writes the first byte of
// the buffer, so that a pool that hands out a pointer to a slice pays for following
// it, as its users do.
package benchcase
