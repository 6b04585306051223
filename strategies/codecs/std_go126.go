//go:build !go1.27

package codecs

// levelBytes is what a writer holds, from gzip.HuffmanOnly to gzip.BestCompression.
var levelBytes = [...]int64{
	738_000, 814_000, 734_000, 1_207_000, 814_000, 814_000, 814_000, 814_000, 814_000, 814_000, 814_000, 814_000,
}
