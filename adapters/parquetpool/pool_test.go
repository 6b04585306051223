package parquetpool_test

import (
	"bytes"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/parquet-go/parquet-go"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/parquetpool"
	"github.com/otelpool/pool/strategies"
)

var _ parquet.BufferPool = (*parquetpool.Pool)(nil)

func over(buffers pool.Bytes, chunk int) *parquetpool.Pool {
	return strategies.Must(parquetpool.New(parquetpool.Config{Buffers: buffers, Chunk: chunk}))
}

func sizeClasses(s strategies.Safety) *strategies.SizeClasses {
	return strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Safety: s}))
}

func TestEveryMistakeInAConfigIsNamed(t *testing.T) {
	t.Parallel()
	_, err := parquetpool.New(parquetpool.Config{Chunk: -1})
	for _, want := range []string{"Config.Buffers is nil: give", "Config.Chunk is -1: give"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want %s", err, want)
		}
	}
}

func TestBuffersReadAsFilesAndComeBackWhole(t *testing.T) {
	t.Parallel()
	for _, chunk := range []int{0, 100, 1000, 4096, 2 << 20} {
		buffers := sizeClasses(strategies.SafetyStrict)
		p := over(buffers, chunk)
		content := bytes.Repeat([]byte("some text, "), 1000)
		for range 2 {
			b := p.GetBuffer()
			b.Write(content)
			b.Seek(0, io.SeekStart)
			if err := iotest.TestReader(b, content); err != nil {
				t.Errorf("chunks of %d: %v", chunk, err)
			}
			p.PutBuffer(b)
			p.PutBuffer(b) // has nothing more
		}
		wantNoneInUse(t, buffers)
	}
}

func TestABufferFromElsewhereIsLeftAlone(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SafetyStrict)
	theirs := parquet.NewBufferPool().GetBuffer()
	io.WriteString(theirs, "text")
	over(buffers, 0).PutBuffer(theirs)
	theirs.Seek(0, io.SeekStart)
	if got, err := io.ReadAll(theirs); string(got) != "text" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	wantNoneInUse(t, buffers)
}

type row struct {
	ID   int64  `parquet:"id"`
	Name string `parquet:"name,zstd"`
}

func rows(seed int) (all []row) {
	for i := range 5_000 {
		all = append(all, row{int64((i * 7919) % 5_000), strconv.Itoa(seed*i) + " is a name"})
	}
	return all
}

// A writer of several row groups, and one that sorts, use all of what a buffer can do. What
// they read in memory that went back would be overwritten.
func TestParquetReadsBackWhatItWroteConcurrentSafe(t *testing.T) {
	t.Parallel()
	buffers := sizeClasses(strategies.SafetyStrict)
	p := over(buffers, 4096)
	var writers sync.WaitGroup
	for seed := range 3 {
		writers.Go(func() {
			want := rows(seed)
			var file bytes.Buffer
			w := parquet.NewGenericWriter[row](&file, parquet.ColumnPageBuffers(p), parquet.PageBufferSize(1000))
			for group := range slices.Chunk(want, 2000) {
				w.Write(group)
				w.Flush()
			}
			w.Close()
			wantRows(t, file.Bytes(), want)
		})
		writers.Go(func() {
			want := rows(seed)
			var file bytes.Buffer
			w := parquet.NewSortingWriter[row](&file, 1000, parquet.ColumnPageBuffers(p), parquet.SortingWriterConfig(
				parquet.SortingBuffers(p), parquet.SortingColumns(parquet.Ascending("id"))))
			w.Write(want)
			w.Close()
			slices.SortFunc(want, func(a, b row) int { return int(a.ID - b.ID) })
			wantRows(t, file.Bytes(), want)
		})
	}
	writers.Wait()
	wantNoneInUse(t, buffers)
}

func wantRows(t *testing.T, file []byte, want []row) {
	t.Helper()
	got, err := parquet.Read[row](bytes.NewReader(file), int64(len(file)))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%d rows, %v; want %d, or they differ", len(got), err, len(want))
	}
}

func wantNoneInUse(t *testing.T, p pool.Source) {
	t.Helper()
	var s pool.Stats
	if p.Stats(&s); s.InUse != 0 || s.Gets() != s.Puts() || s.Misuse != [pool.NumMisuseKinds]uint64{} {
		t.Errorf("%d in use, %d Gets, %d Puts, misuse %v", s.InUse, s.Gets(), s.Puts(), s.Misuse)
	}
}
