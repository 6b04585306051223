// Command programs puts our pools into programs of others, runs their own tests and
// benchmarks with and without, and writes docs/programs.md. From the root,
// `make real-programs` runs it.
//
//	programs                     all of the table
//	programs -program fasthttp   one of them; the page has the others as they were last measured
//	programs -short              their tests and a look at their pools: no figures, writes nothing
//	programs -figures            only the benchmarks; the tests stay as they came out last
//	programs -render             the page anew from what was measured last
//
// For each program it
//
//   - takes the module from the proxy and compares it with its checksum;
//   - makes a second copy and changes that as its users would: by a replace line in its
//     go.mod, or by poolscope migrate. Both copies are built with the same requirements, so
//     that they differ in nothing else;
//   - runs the module's tests in both, and compares what becomes of each test;
//   - runs each benchmark of the table in the changed copy, and reads from our registry
//     what its pools did. A benchmark that reaches no pool is an error of the table;
//   - runs these benchmarks in both, in turn, round by round, with GOGC=25 and without. In
//     each round the linker lays out the functions of both in another order.
//
// results has a program's figures in the Go benchmark format, which benchstat reads too,
// and what its tests and pools did as JSON. Nothing of a program's code is kept in the
// repository; copies are in the user's cache directory.
package main
