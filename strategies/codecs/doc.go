// Package codecs pools compressors and decompressors. A gzip.Writer takes 0.8 to 1.2
// MB, so that programs pool them; by hand, a second Close puts one into the pool
// twice, and two requests then write into one stream.
//
//	var zippers = strategies.Must(codecs.NewGzipWriters(gzip.BestSpeed, codecs.Config{Name: "http.gzip"}))
//
//	z := zippers.Get(response)
//	defer z.Close()
//	_, err := z.Write(page)
//
// Get returns a handle for one stream, and Close ends the stream and the handle's right
// to the codec, which goes back into the pool. Closing again, from any goroutine, does
// nothing, and any other use fails; it never reaches the codec's next user. In a pool that
// is strict (see [strategies.Safety]) such use panics, with the place of the Close.
//
// The pool is a [strategies.Bounded], whose bytes are those that its codecs hold. Under its
// name it is exported, shown and trimmed like any other, and objects that were never
// closed are found in samples.
//
// NewWriters and NewReaders pool the codecs of other packages, as
// github.com/otelpool/pool/adapters/zstdpool does for zstd.
package codecs
