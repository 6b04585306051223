// Package benchcase is the work that the benchmarks of pools do: the same for
// our pools, in the root's bench_test.go, and for other libraries', in
// benchmarks.
//
// A pool comes with its loops written out ([Pool]), because a call through an
// interface or a closure costs as much as what is measured. A case calls a loop
// once for hundreds or thousands of operations, so that its own call is not seen.
//
// An operation is always one Get and one Put, and always writes the first byte
// of the buffer, so that a pool which hands out a pointer to a slice is charged
// for following it, as its users are.
package benchcase
