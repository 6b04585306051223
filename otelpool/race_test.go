//go:build race

package otelpool_test

// underRace tells of the race detector, under which a sync.Pool forgets a
// quarter of what is put.
const underRace = true
