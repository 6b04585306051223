package strategies_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/otelpool/pool/strategies"
)

const modelChunk = 16 // the smallest class of strictPool

// chunkedModel is a Chunked and its slices beside what they have to contain. The pool spoils
// what it gets back, so a chunk given back too early shows.
type chunkedModel struct {
	t       *testing.T
	pool    *strictPool
	c       *strategies.Chunked
	content []byte
	at      int
	slices  []modelSlice
	written byte
	ops     []byte
}

type modelSlice struct {
	*strategies.ChunkedSlice
	want []byte
}

var chunkedSteps = []func(*chunkedModel){
	func(m *chunkedModel) {
		p := m.fresh()
		m.took(m.c.Write(p))
		m.wrote(p)
	},
	func(m *chunkedModel) {
		p := m.fresh()
		m.took(m.c.WriteString(string(p)))
		m.wrote(p)
	},
	func(m *chunkedModel) {
		p := m.fresh()
		n, err := m.c.ReadFrom(iotest.HalfReader(bytes.NewReader(p)))
		m.took(int(n), err)
		m.wrote(p)
	},
	func(m *chunkedModel) {
		m.took(0, m.c.WriteByte(0xaa))
		m.wrote([]byte{0xaa})
	},
	(*chunkedModel).read,
	func(m *chunkedModel) {
		var got bytes.Buffer
		n, err := m.c.WriteTo(&got)
		m.took(int(n), err)
		m.same("WriteTo", got.Bytes(), m.content[m.at:])
		m.at = len(m.content)
	},
	(*chunkedModel).seek,
	func(m *chunkedModel) {
		n := m.upTo(len(m.content))
		m.c.Truncate(n)
		m.content, m.at = m.content[:n], min(m.at, n)
	},
	func(m *chunkedModel) {
		from := m.upTo(len(m.content))
		to := from + m.upTo(len(m.content)-from)
		m.slices = append(m.slices, modelSlice{m.c.Slice(from, to), bytes.Clone(m.content[from:to])})
	},
	func(m *chunkedModel) {
		if s := m.slice(); s != nil {
			from := m.upTo(s.Len())
			to := from + m.upTo(s.Len()-from)
			m.slices = append(m.slices, modelSlice{s.Slice(from, to), s.want[from:to]}, modelSlice{s.Ref(), s.want})
		}
	},
	func(m *chunkedModel) {
		if s := m.slice(); s != nil {
			s.Free()
			*s = m.slices[len(m.slices)-1]
			m.slices = m.slices[:len(m.slices)-1]
		}
	},
	func(m *chunkedModel) {
		m.c.Release()
		m.content, m.at = nil, 0
	},
}

// next is the next byte of the program.
func (m *chunkedModel) next() (b byte) {
	if len(m.ops) > 0 {
		b, m.ops = m.ops[0], m.ops[1:]
	}
	return b
}

func (m *chunkedModel) upTo(n int) int { return int(m.next()) * 257 % (n + 1) }

func (m *chunkedModel) fresh() []byte {
	p := make([]byte, m.next()%50)
	for i := range p {
		m.written++
		p[i] = m.written
	}
	return p
}

func (m *chunkedModel) slice() *modelSlice {
	if len(m.slices) == 0 {
		return nil
	}
	return &m.slices[m.upTo(len(m.slices)-1)]
}

func (m *chunkedModel) took(_ int, err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *chunkedModel) wrote(p []byte) {
	end := m.at + len(p)
	m.content = append(append(bytes.Clone(m.content[:m.at]), p...), m.content[min(end, len(m.content)):]...)
	m.at = end
}

func (m *chunkedModel) read() {
	p := make([]byte, m.next()%50)
	want := copy(bytes.Clone(p), m.content[m.at:])
	n, err := m.c.Read(p)
	if atEnd := want == 0 && len(p) > 0; n != want || errors.Is(err, io.EOF) != atEnd {
		m.t.Fatalf("Read of %d = %d, %v; want %d", len(p), n, err, want)
	}
	m.same("Read", p[:n], m.content[m.at:m.at+n])
	m.at += n
}

func (m *chunkedModel) seek() {
	whence := int(m.next() % 3)
	base := []int{0, m.at, len(m.content)}[whence]
	want := m.upTo(2*len(m.content)) - len(m.content)/2
	got, err := m.c.Seek(int64(want-base), whence)
	if want < 0 {
		if err == nil {
			m.t.Fatalf("Seek to %d: no error", want)
		}
		return
	}
	m.at = min(want, len(m.content))
	if err != nil || got != int64(m.at) {
		m.t.Fatalf("Seek = %d, %v; want %d", got, err, m.at)
	}
}

func (m *chunkedModel) same(what string, got, want []byte) {
	m.t.Helper()
	if !bytes.Equal(got, want) {
		m.t.Fatalf("%s: %x, want %x", what, got, want)
	}
}

// check compares all content, and the memory with what it may be.
func (m *chunkedModel) check() {
	m.t.Helper()
	got := make([]byte, m.c.Len())
	if n, err := m.c.ReadAt(got, 0); n != len(got) || err != nil && len(got) > 0 {
		m.t.Fatalf("ReadAt = %d, %v; want %d", n, err, len(got))
	}
	m.same("content", got, m.content)
	for _, s := range m.slices {
		m.same("slice", joined(s.ChunkedSlice), s.want)
	}
	if most := (len(m.content)+modelChunk-1)/modelChunk + 1; len(m.slices) == 0 && len(m.pool.out) > most {
		m.t.Fatalf("%d chunks for %d bytes, want at most %d", len(m.pool.out), len(m.content), most)
	}
}

func joined(s *strategies.ChunkedSlice) (all []byte) {
	for part := range s.All() {
		all = append(all, part...)
	}
	return all
}

func runChunked(t *testing.T, ops []byte) {
	p := newStrictPool(t)
	m := &chunkedModel{t: t, pool: p, c: strategies.NewChunked(p, modelChunk), ops: ops}
	for len(m.ops) > 0 {
		chunkedSteps[int(m.next())%len(chunkedSteps)](m)
		m.check()
	}
	m.c.Release()
	for _, s := range m.slices {
		m.same("slice that outlives the buffer", joined(s.ChunkedSlice), s.want)
		s.Free()
	}
	p.wantAllBack()
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte{0, 40, 8, 0, 20, 6, 0, 5, 0, 30, 7, 3, 0, 40, 10, 0})
	f.Add([]byte{2, 49, 6, 0, 10, 2, 49, 9, 5, 11, 0, 16, 4, 3, 5})
	f.Fuzz(runChunked)
}

func TestChunkedIsAsItsModel(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(17, 5))
	for range 300 {
		ops := make([]byte, 200)
		for i := range ops {
			ops[i] = byte(r.Uint32())
		}
		runChunked(t, ops)
	}
}
