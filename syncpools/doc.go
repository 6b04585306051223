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
// strategy sync.Pool. So everything that reads the registry shows it: package
// otelpool, the live page, the dashboards. Pools made by the same function,
// such as one per connection, share a row.
//
// A row has:
//
//   - the number of idle objects now: exact for each P, read one P after the other;
//   - their bytes: an estimate, usually too low, the size of sampled objects with
//     their slices, times the number of objects;
//   - the number of objects that the collector has dropped: those that were aging in
//     the pool at the previous reading, so too high if some were taken since;
//   - with Config.CountMisses, the number of times New ran.
//
// How it works. At the start of each collection, with the world stopped, the runtime
// calls a function that package sync has registered to age its pools. Start
// registers another function instead, which notes the list of pools and calls the
// first. The Go project keeps both names for such uses (go.dev/issue/67401). It does
// not promise the layout of sync.Pool: Start verifies it with pools whose content it
// knows, and fails if anything differs.
//
// Tested on Linux with Go 1.26 and 1.27. The package builds for macOS, Windows and
// FreeBSD but was not run there, and has no names of variables there. On other
// platforms Start returns an error.
package syncpools
