// Package syncpools shows every sync.Pool of a program, those of its dependencies
// and of the standard library included, without a change to any of them and at no
// cost on Get and Put.
//
//	census, err := syncpools.Start(syncpools.Config{})
//
// or, in a program's main package, import _ "github.com/otelpool/pool/syncpools/auto".
//
// Each pool that held something when a garbage collection began appears in the
// registry under the name of its variable, or of its New function, with the
// strategy sync.Pool. Whatever reads the registry shows it: package otelpool, the
// live page, the dashboards. Pools that were made by one function, one per
// connection say, are one row.
//
// What a row says:
//
//   - how many objects lie idle, now: exact for each P, read one P after the other;
//   - how many bytes those have: an estimate from below, as the size of sampled
//     objects with the slices in them, times their number;
//   - how many the collector has dropped: what lay in the pool at the last reading
//     before, so an estimate from above where objects were taken since;
//   - with Config.CountMisses, how often New ran.
//
// How it works. The runtime calls a function at the start of each collection, with
// the world stopped, that package sync has registered to age its pools. Start
// registers one in its place that notes the list of pools and passes on; both names
// are kept for such use (go.dev/issue/67401). The layout of sync.Pool is no promise:
// Start proves it with pools whose content it knows, and refuses to go on if
// anything differs.
//
// Tested on Linux with Go 1.26 and 1.27. It builds for macOS, Windows and FreeBSD and was not run
// there; pools have no variables' names on these. On other platforms Start returns an
// error.
package syncpools
