// Package pooltest tests pools, and programs that use them.
//
// An implementation of pool.Bytes or pool.Objects runs the conformance suite in a
// test. Run it under the race detector too: some mistakes show only there.
//
//	func TestArena(t *testing.T) {
//		pooltest.TestBytes(t, func(*testing.T) pool.Bytes { return arena.New() })
//	}
//
// A test of code that uses pools calls NoLeaks first, and then fails if it ends
// with buffers that were not given back:
//
//	func TestUpload(t *testing.T) {
//		pooltest.NoLeaks(t)
//		…
//	}
package pooltest
