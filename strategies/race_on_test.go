//go:build race

package strategies_test

// raceEnabled: under the race detector a sync.Pool drops one Put in four.
const raceEnabled = true
