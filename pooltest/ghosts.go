package pooltest

import "github.com/otelpool/pool/internal/raceghost"

// RaceGhosts turns off, or on again, what makes the race detector see every access to
// memory between its Put and its next Get, reads included. In programs built with -race it
// is on, unless OTELPOOL_RACE_GHOSTS=off in the environment; in others it does nothing.
// It is one switch for the process: turn it off in TestMain, not in a parallel test.
func RaceGhosts(on bool) { raceghost.Enable(on) }
