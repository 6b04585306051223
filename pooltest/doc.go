// Package pooltest tests pools, and programs that use them.
//
// Who implements pool.Bytes or pool.Objects runs the conformance suite in a test
// of the implementation. Run it under the race detector too; some mistakes show
// only there.
//
//	func TestArena(t *testing.T) {
//		pooltest.TestBytes(t, func(*testing.T) pool.Bytes { return arena.New() })
//	}
//
// Who uses pools puts NoLeaks at the top of a test, which then fails if it ends
// with buffers that were not given back:
//
//	func TestUpload(t *testing.T) {
//		pooltest.NoLeaks(t)
//		…
//	}
package pooltest
