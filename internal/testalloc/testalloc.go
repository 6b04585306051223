// Package testalloc counts allocations in tests.
package testalloc

import (
	"testing"

	"github.com/otelpool/pool/internal/raceghost"
)

// PerRun is testing.AllocsPerRun without what others allocate: after a
// collection the pools that earlier tests left age, each with an allocation or
// two, and their cleanups run. What f itself allocates it allocates every time. The
// ghosts of race builds, which allocate, are off.
func PerRun(runs int, f func()) float64 {
	defer raceghost.Pause()()
	least := testing.AllocsPerRun(runs, f)
	for try := 0; least > 0 && try < 5; try++ {
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}
