package bytebufferpool

import (
	"io"
	"slices"
)

// ByteBuffer is a buffer to append to. Its zero value is empty and ready to use. It is
// not safe for concurrent use.
type ByteBuffer struct {
	// B is the content.
	B []byte
}

// Len is the length of the content.
func (b *ByteBuffer) Len() int { return len(b.B) }

// Bytes is b.B.
func (b *ByteBuffer) Bytes() []byte { return b.B }

// String is a copy of the content.
func (b *ByteBuffer) String() string { return string(b.B) }

// Reset empties the buffer, and keeps its memory.
func (b *ByteBuffer) Reset() { b.B = b.B[:0] }

// Set makes p the content.
func (b *ByteBuffer) Set(p []byte) { b.B = append(b.B[:0], p...) }

// SetString makes s the content.
func (b *ByteBuffer) SetString(s string) { b.B = append(b.B[:0], s...) }

// Write appends p. It never fails.
func (b *ByteBuffer) Write(p []byte) (int, error) {
	b.B = append(b.B, p...)
	return len(p), nil
}

// WriteByte appends c. It never fails.
func (b *ByteBuffer) WriteByte(c byte) error {
	b.B = append(b.B, c)
	return nil
}

// WriteString appends s. It never fails.
func (b *ByteBuffer) WriteString(s string) (int, error) {
	b.B = append(b.B, s...)
	return len(s), nil
}

// WriteTo writes the content to w, in one Write.
func (b *ByteBuffer) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(b.B)
	return int64(n), err
}

const smallest = 64 // what a buffer without memory gets to read into

// ReadFrom appends what r gives until it ends, and returns how much that was, and r's
// error unless it is io.EOF.
func (b *ByteBuffer) ReadFrom(r io.Reader) (total int64, err error) {
	for err == nil {
		if len(b.B) == cap(b.B) {
			b.B = slices.Grow(b.B, max(smallest, len(b.B)))
		}
		var n int
		n, err = r.Read(b.B[len(b.B):cap(b.B)])
		b.B = b.B[:len(b.B)+n]
		total += int64(n)
	}
	if err == io.EOF { // as io.Reader promises it: itself, not wrapped
		err = nil
	}
	return total, err
}
