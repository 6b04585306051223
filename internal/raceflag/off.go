//go:build !race

// Package raceflag says whether the race detector is on. It makes a sync.Pool drop
// one Put in four, code allocate, and times mean nothing.
package raceflag

// On is true in race builds.
const On = false
