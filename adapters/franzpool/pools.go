package franzpool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// Config configures New. Buffers is required.
type Config struct {
	// Buffers is where memory to decompress into comes from and goes back to. Closing it
	// is up to the caller.
	Buffers pool.Bytes
	// Name publishes the pool of slices of records in pool.Default; "" does not.
	Name string
}

// Pools is a kgo.PoolDecompressBytes and a kgo.PoolRecords. Its methods are safe for
// concurrent use if those of Buffers are.
type Pools struct {
	buffers pool.Bytes
	records strategies.Values[[]kgo.Record]
}

// New returns pools, or an error that names every mistake in the config.
func New(c Config) (*Pools, error) {
	if c.Buffers == nil {
		return nil, errors.New("franzpool: Config.Buffers is nil: give the pool that memory comes from, such as a *strategies.SizeClasses")
	}
	return &Pools{buffers: c.Buffers, records: strategies.Values[[]kgo.Record]{Name: c.Name, Size: bytesOf}}, nil
}

// bytesOf is what a slice of records holds, besides what its records refer to: those are
// zero when it is idle.
func bytesOf(r *[]kgo.Record) int64 { return int64(cap(*r)) * int64(unsafe.Sizeof(kgo.Record{})) }

// GetDecompressBytes implements kgo.PoolDecompressBytes.
func (p *Pools) GetDecompressBytes(compressed []byte, codec kgo.CompressionCodecType) []byte {
	return p.buffers.Get(size(compressed, codec))
}

// PutDecompressBytes implements kgo.PoolDecompressBytes.
func (p *Pools) PutDecompressBytes(b []byte) { p.buffers.Put(b) }

// GetRecords implements kgo.PoolRecords. A slice that is too small goes to the garbage
// collector: a larger one comes back in its place.
func (p *Pools) GetRecords(n int) []kgo.Record {
	r := p.records.Get()
	if cap(r) < n {
		return make([]kgo.Record, n)
	}
	return r[:n]
}

// PutRecords implements kgo.PoolRecords.
func (p *Pools) PutRecords(r []kgo.Record) { p.records.Put(r) }

// Stats overwrites *into with what the pool of slices of records counted.
func (p *Pools) Stats(into *pool.Stats) { p.records.Stats(into) }

const (
	// A batch may lie about its size: beyond this a buffer grows, as far as the client allows.
	mostClaimed = 32 << 20
	usualRatio  = 4
	// Room at the end that franz-go wants for reading and zstd's decoder for copying.
	slack = bytes.MinRead
)

// size is how many bytes to have for a batch.
func size(compressed []byte, codec kgo.CompressionCodecType) int {
	if n, said := claimed(compressed, codec); said && n <= mostClaimed {
		return int(n)
	}
	return len(compressed)*usualRatio + slack
}

// claimed is what a compressed batch says of its size.
func claimed(compressed []byte, codec kgo.CompressionCodecType) (n uint64, said bool) {
	switch codec {
	case kgo.CodecSnappy: // a frame of Java's begins with a length that is no batch's
		n, err := s2.DecodedLen(compressed)
		return uint64(max(n, 0)), err == nil
	case kgo.CodecGzip:
		if len(compressed) < 4 {
			return 0, false
		}
		return uint64(binary.LittleEndian.Uint32(compressed[len(compressed)-4:])) + slack, true
	case kgo.CodecZstd:
		var h zstd.Header
		err := h.Decode(compressed)
		return h.FrameContentSize + slack, err == nil && h.HasFCS
	default:
		return 0, false
	}
}
