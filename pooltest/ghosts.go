package pooltest

import "github.com/otelpool/pool/internal/raceghost"

// RaceGhosts turns off, or on again, the reports of accesses to memory between its Put and its next
// Get, reads included, by the race detector. They are on in programs built with -race, unless
// OTELPOOL_RACE_GHOSTS=off is in the environment; in other programs RaceGhosts does nothing. It is
// one switch for the process: turn it off in TestMain, not in a parallel test.
func RaceGhosts(on bool) { raceghost.Enable(on) }
