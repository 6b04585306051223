package syncpools

import (
	"os"
	"runtime/debug"
	"testing"
)

// Two collections in the middle of a test empty what it has filled, so none runs but
// those that a test asks for.
func TestMain(m *testing.M) {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(2 << 30)
	os.Exit(m.Run())
}
