package zstdpool

import (
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/zstd"

	"github.com/otelpool/pool/strategies/codecs"
)

// NewWriters returns a pool of encoders, or an error that lists every mistake. window is a
// power of two.
func NewWriters(level zstd.EncoderLevel, window int, c codecs.Config) (*codecs.Writers, error) {
	err := checkWindow("NewWriters", window)
	own, ok := levelBytes[level]
	if !ok {
		err = errors.Join(fmt.Errorf("zstdpool: NewWriters: level is %d: use %v (%d) to %v (%d)", int(level),
			zstd.SpeedFastest, int(zstd.SpeedFastest), zstd.SpeedBestCompression, int(zstd.SpeedBestCompression)), err)
	}
	w, others := codecs.NewWriters("zstd writer", own+2*int64(max(window, leastHistory)), func() codecs.Compressor {
		e, _ := zstd.NewWriter(io.Discard, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window),
			zstd.WithEncoderConcurrency(1)) // the options were checked
		return e
	}, unless(err, c))
	if err = errors.Join(err, others); err != nil {
		return nil, err
	}
	return w, nil
}

// NewReaders returns a pool of decoders, or an error that lists every mistake. A stream whose
// window is larger than window, a power of two, is an error.
func NewReaders(window int, c codecs.Config) (*codecs.Readers, error) {
	err := checkWindow("NewReaders", window)
	r, others := codecs.NewReaders("zstd reader", decoderBytes(window), func() codecs.Decompressor {
		d, _ := zstd.NewReader(nil, zstd.WithDecoderMaxWindow(uint64(window)), zstd.WithDecoderConcurrency(1))
		return d
	}, unless(err, c))
	if err = errors.Join(err, others); err != nil {
		return nil, err
	}
	return r, nil
}

// unless is c, or if err says that there will be no pool, as much of it as can be checked
// without publishing one.
func unless(err error, c codecs.Config) codecs.Config {
	if err != nil {
		c.Name, c.Pool = "", nil
	}
	return c
}

func checkWindow(constructor string, window int) error {
	if window < zstd.MinWindowSize || window > zstd.MaxWindowSize || bits.OnesCount(uint(window)) != 1 {
		return fmt.Errorf("zstdpool: %s: window is %d: use a power of two from %d to %d, such as 512<<10", constructor, window,
			zstd.MinWindowSize, zstd.MaxWindowSize)
	}
	return nil
}

// What codecs hold beside their windows, in bytes: a test compares it with what the runtime
// allocates.
var levelBytes = map[zstd.EncoderLevel]int64{
	zstd.SpeedFastest:           707_000,
	zstd.SpeedDefault:           1_945_000,
	zstd.SpeedBetterCompression: 4_855_000,
	zstd.SpeedBestCompression:   36_250_000,
}

// leastHistory is half of what an encoder has for what it has read, at least.
const leastHistory = 512 << 10

// decoderBytes is for the history and for buffers of blocks, which have up to 128 KiB.
func decoderBytes(window int) int64 {
	return 15_000 + int64(window) + 7*int64(min(window, 128<<10))/2
}
