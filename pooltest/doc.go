// Package pooltest tests pools, and programs that use them.
//
// To test an implementation of pool.Bytes or pool.Objects, run the conformance
// suite on it. Run it under the race detector too: some mistakes show only
// there.
//
//	func TestArena(t *testing.T) {
//		pooltest.TestBytes(t, func(*testing.T) pool.Bytes { return arena.New() })
//	}
//
// A test of code that uses pools calls NoLeaks first. It then fails if buffers
// are not given back at its end:
//
//	func TestUpload(t *testing.T) {
//		pooltest.NoLeaks(t)
//		…
//	}
package pooltest
