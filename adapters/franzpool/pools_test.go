package franzpool_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/franzpool"
	"github.com/otelpool/pool/internal/adaptertest"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

var (
	_ kgo.PoolDecompressBytes = (*franzpool.Pools)(nil)
	_ kgo.PoolRecords         = (*franzpool.Pools)(nil)
)

func over(buffers pool.Bytes) *franzpool.Pools {
	return strategies.Must(franzpool.New(franzpool.Config{Buffers: buffers}))
}

func sizeClasses() *strategies.SizeClasses {
	return strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Classes: strategies.PowersOfTwo(64, 1<<20),
		Safety:  strategies.SafetyOff, // a sampled request allocates
	}))
}

func stats(p pool.Source) (s pool.Stats) {
	p.Stats(&s)
	return s
}

// calls are the client's in the words of a pool: a batch of snappy begins with its size.
type calls struct{ *franzpool.Pools }

func (c calls) Get(n int) []byte {
	if n < 0 {
		panic("a client cannot ask for that")
	}
	return c.GetDecompressBytes(binary.AppendUvarint(nil, uint64(n)), kgo.CodecSnappy)
}
func (c calls) Put(b []byte) { c.PutDecompressBytes(b) }

func TestPoolsKeepThePromisesOfAPoolConcurrentSafe(t *testing.T) {
	t.Parallel()
	adaptertest.Test(t, adaptertest.Adapter{Over: func(p pool.Bytes) pool.Bytes { return calls{over(p)} }})
}

func TestConfigWithoutBuffersIsAnError(t *testing.T) {
	t.Parallel()
	const want = "franzpool: Config.Buffers is nil: give the pool that memory comes from, such as a *strategies.SizeClasses"
	if _, err := franzpool.New(franzpool.Config{}); err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// The client does not grow a buffer for a batch whose size is in its compressed form.
func TestABufferHasTheSizeThatABatchSays(t *testing.T) {
	t.Parallel()
	text := bytes.Repeat([]byte("a record "), 10_000)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = w.Write(text)
	_ = w.Close()
	encoder := strategies.Must(zstd.NewWriter(nil))
	defer encoder.Close()
	p := over(sizeClasses())
	for codec, compressed := range map[kgo.CompressionCodecType][]byte{
		kgo.CodecGzip: zipped.Bytes(), kgo.CodecZstd: encoder.EncodeAll(text, nil),
		kgo.CodecSnappy: binary.AppendUvarint(nil, uint64(len(text))),
	} {
		if b := p.GetDecompressBytes(compressed, codec); cap(b) < len(text) || cap(b) > 4*len(text) {
			t.Errorf("codec %d: a buffer of %d bytes for %d", codec, cap(b), len(text))
		}
	}
	// What lies, is cut off or says nothing gets what is usual.
	for codec, compressed := range map[kgo.CompressionCodecType][]byte{
		kgo.CodecGzip: bytes.Repeat([]byte{0xff}, 1000), kgo.CodecZstd: text[:1000],
		kgo.CodecSnappy: bytes.Repeat([]byte{0xff}, 1000), kgo.CodecLz4: text[:1000], kgo.CodecNone: text[:1000],
	} {
		if b := p.GetDecompressBytes(compressed, codec); cap(b) < 4000 || cap(b) > 10_000 {
			t.Errorf("codec %d: a buffer of %d bytes for 1000 that say nothing", codec, cap(b))
		}
	}
	if b := p.GetDecompressBytes(nil, kgo.CodecGzip); b == nil {
		t.Error("no buffer for an empty batch")
	}
}

func TestWhatFranzGoGrewIsTakenAndCounted(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses()
	p := over(buffers)
	p.PutDecompressBytes(append(p.GetDecompressBytes(make([]byte, 10), kgo.CodecLz4)[:0], make([]byte, 5000)...))
	if s := stats(buffers); s.Puts() != 1 || s.Returns[pool.Foreign] != 1 || s.Misuse[pool.MisuseForeign] > 1 {
		t.Errorf("%d Puts, %d foreign; want 1, 1", s.Puts(), s.Returns[pool.Foreign])
	}
	p.PutRecords(append(p.GetRecords(10), make([]kgo.Record, 1000)...))
	p.PutRecords(make([]kgo.Record, 2000)) // never seen
	if s := stats(p); s.Idle != 2 || s.IdleBytes < 3000*100 {
		t.Errorf("%d slices of records idle, of %d bytes; want 2, of 3000 records", s.Idle, s.IdleBytes)
	}
	if r := p.GetRecords(500); len(r) != 500 {
		t.Errorf("%d records, want 500", len(r))
	}
}

func TestHitsDoNotAllocate(t *testing.T) {
	p := over(sizeClasses())
	compressed := binary.AppendUvarint(nil, 10_000)
	use := func() {
		b, r := p.GetDecompressBytes(compressed, kgo.CodecSnappy), p.GetRecords(100)
		p.PutRecords(r)
		p.PutDecompressBytes(b)
	}
	use()
	if n := testalloc.PerRun(100, use); n != 0 {
		t.Errorf("%v allocations per fetch", n)
	}
}

// A client produces to a broker and consumes from it, in each codec.
func TestABrokersBatchesAllComeBack(t *testing.T) {
	t.Parallel()
	for name, codec := range map[string]kgo.CompressionCodec{
		"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			buffers := sizeClasses()
			p := over(buffers)
			consume(t, p, codec, 50)
			b, r := stats(buffers), stats(p)
			if b.Gets() == 0 || b.Gets() != b.Puts() || r.Gets() == 0 || r.Gets() != r.Puts() || r.InUse != 0 {
				t.Errorf("%d Gets, %d Puts of buffers, %d, %d of records; want as many", b.Gets(), b.Puts(), r.Gets(), r.Puts())
			}
			if name != "lz4" && (b.InUse != 0 || b.Returns[pool.Foreign] != 0) {
				t.Errorf("%d buffers in use, %d foreign; want none", b.InUse, b.Returns[pool.Foreign])
			}
		})
	}
}

// consume sends batches of growing records through a broker, and checks them.
func consume(t *testing.T, p *franzpool.Pools, codec kgo.CompressionCodec, batches int) {
	t.Helper()
	ctx := context.Background()
	broker := strategies.Must(kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "logs")))
	defer broker.Close()
	c := strategies.Must(kgo.NewClient(
		kgo.SeedBrokers(broker.ListenAddrs()...), kgo.DefaultProduceTopic("logs"), kgo.ConsumeTopics("logs"),
		kgo.ProducerBatchCompression(codec), kgo.WithPools(p),
	))
	defer c.Close()
	for i := range batches {
		want := strings.Repeat(fmt.Sprint("record ", i, ","), 10*(i+1))
		records := []*kgo.Record{kgo.StringRecord(want), kgo.StringRecord(want)}
		if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		for left := len(records); left > 0; {
			fetches := c.PollFetches(ctx)
			if err := fetches.Err(); err != nil {
				t.Fatal(err)
			}
			fetches.EachRecord(func(r *kgo.Record) {
				if string(r.Value) != want {
					t.Errorf("batch %d: %d bytes, want %d", i, len(r.Value), len(want))
				}
				r.Recycle()
				left--
			})
		}
	}
}
