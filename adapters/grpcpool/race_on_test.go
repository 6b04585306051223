//go:build race

package grpcpool_test

// raceEnabled: the race detector allocates.
const raceEnabled = true
