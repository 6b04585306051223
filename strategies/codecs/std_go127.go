//go:build go1.27

package codecs

// levelBytes is what a writer holds, from gzip.HuffmanOnly to gzip.BestCompression.
var levelBytes = [...]int64{
	314_000, 1_076_000, 347_000, 814_000, 1_207_000, 1_207_000, 945_000, 1_076_000, 1_076_000, 1_010_000, 1_010_000, 1_143_000,
}
