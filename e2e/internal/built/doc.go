// Package built builds the programs that the end-to-end tests and make stack run,
// each in a module of its own with the version pinned there, and keeps them.
//
//	binary, err := built.Collector.Binary(ctx, nil)
//
// A program is built once and cached by the content of its module, the version of
// Go and the platform; getting one from the cache takes milliseconds. Files are
// found by walking up from the working directory.
package built
