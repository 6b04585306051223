// Package bench compares the pools of this repository with those of other
// libraries and measures what pooling is worth and how its cost grows. It is a
// module of its own so that what it compares with is no dependency of the
// library. The comparison's cases are those of the root's bench_test.go; report
// runs both and writes BENCHMARKS.md.
package bench
