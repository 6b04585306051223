// Package bench compares the pools of this repository with other libraries' pools,
// and measures what pooling is worth and how its cost grows. It is in a module of
// its own so that those libraries are no dependency of this one. The comparison's
// cases are the same as in the root's bench_test.go; report runs both and writes
// BENCHMARKS.md.
package bench
