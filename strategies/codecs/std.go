package codecs

import (
	"bufio"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"

	"github.com/otelpool/pool/internal/config"
)

// inflatingBytes is what a reader of Go's library holds. For writers levelBytes has it, by
// Go version. A test compares both with what the runtime allocates.
const inflatingBytes = 45_400

// writerBytes is what a writer of a level holds; for no level, something.
func writerBytes(level int) int64 {
	return levelBytes[min(max(level, gzip.HuffmanOnly), gzip.BestCompression)-gzip.HuffmanOnly]
}

// NewGzipWriters returns a pool of gzip.Writers of a level of package gzip, or an error
// that lists every mistake. One holds 0.3 to 1.2 MB, depending on the level and Go's version.
func NewGzipWriters(level int, c Config) (*Writers, error) {
	return newWriters("gzip writer", writerBytes(level), func() Compressor {
		w, _ := gzip.NewWriterLevel(io.Discard, level) // which was checked
		return w
	}, c, checkLevel("NewGzipWriters", level))
}

// NewZlibWriters is NewGzipWriters for package zlib.
func NewZlibWriters(level int, c Config) (*Writers, error) {
	return newWriters("zlib writer", writerBytes(level), func() Compressor {
		w, _ := zlib.NewWriterLevel(io.Discard, level)
		return w
	}, c, checkLevel("NewZlibWriters", level))
}

func checkLevel(constructor string, level int) config.Problems {
	p := config.ProblemsOf("codecs: " + constructor)
	p.AddIf(level < gzip.HuffmanOnly || level > gzip.BestCompression, "level", level,
		fmt.Sprintf("use %d (HuffmanOnly) to %d (BestCompression), %d is the default", gzip.HuffmanOnly, gzip.BestCompression,
			gzip.DefaultCompression))
	return p
}

// NewGzipReaders returns a pool of gzip.Readers, of 45 KB each, or an error that lists every
// mistake. They read concatenated streams as one.
func NewGzipReaders(c Config) (*Readers, error) {
	return NewReaders("gzip reader", inflatingBytes, func() Decompressor { return new(gunzip) }, c)
}

// NewZlibReaders is NewGzipReaders for package zlib.
func NewZlibReaders(c Config) (*Readers, error) {
	return NewReaders("zlib reader", inflatingBytes, func() Decompressor { return new(unzlib) }, c)
}

// gunzip has its input buffer: a gzip.Reader makes one at each Reset unless what it reads
// from is buffered.
type gunzip struct {
	gzip.Reader
	input bufio.Reader
}

func (z *gunzip) Reset(r io.Reader) error {
	z.input.Reset(r)
	return z.Reader.Reset(&z.input)
}

// unzlib is the same. There is no zlib reader before there is a stream.
type unzlib struct {
	io.Reader
	input bufio.Reader
}

func (z *unzlib) Reset(r io.Reader) (err error) {
	z.input.Reset(r)
	if z.Reader != nil {
		return z.Reader.(zlib.Resetter).Reset(&z.input, nil)
	}
	z.Reader, err = zlib.NewReader(&z.input) // nil and an error, if the stream is none
	return err
}
