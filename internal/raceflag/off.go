//go:build !race

// Package raceflag tells tests whether they run under the race detector, under which
// a sync.Pool forgets one Put in four, code allocates, and time means nothing.
package raceflag

// On is true in race builds.
const On = false
