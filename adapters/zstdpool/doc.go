// Package zstdpool pools the zstd encoders and decoders of github.com/klauspost/compress,
// as package codecs does gzip's: a second Close does nothing, and use after Close fails.
//
//	var zstds = strategies.Must(zstdpool.NewWriters(zstd.SpeedDefault, 512<<10, codecs.Config{Name: "http.zstd"}))
//
//	var unzstds = strategies.Must(zstdpool.NewReaders(8<<20, codecs.Config{Name: "http.zstd.readers"}))
//
// A codec holds memory in proportion to its window, 17 MB for an encoder of the
// fastest level with the 8 MiB that the package takes by itself. So the window is a
// parameter: of what is written, and the most of what is read, beyond which a stream is
// an error. The pools count the most that a codec of that window holds, which it does
// after one stream longer than the window.
//
// Each codec works on its caller's goroutine and has none of its own. So one that is
// dropped, by its pool or by somebody who forgets to close it, leaves nothing behind.
package zstdpool
