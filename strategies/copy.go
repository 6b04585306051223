package strategies

import (
	"io"

	"github.com/otelpool/pool"
)

// copySize is the size of Copy's buffer: io.Copy's own.
const copySize = 32 << 10

// Copy is io.Copy with a buffer from a pool: it copies from src to dst until src ends
// or one of them fails, and returns the number of bytes written. Like io.Copy it
// calls src's WriteTo or dst's ReadFrom if there is one, and then takes no buffer;
// some of those, such as net.TCPConn's, call io.Copy in turn. The buffer goes back
// even if src or dst panics.
func Copy(p pool.Bytes, dst io.Writer, src io.Reader) (int64, error) {
	if w, ok := src.(io.WriterTo); ok {
		return w.WriteTo(dst)
	}
	if r, ok := dst.(io.ReaderFrom); ok {
		return r.ReadFrom(src)
	}
	buf := p.Get(copyBufferSize(src))
	defer p.Put(buf)
	return io.CopyBuffer(dst, src, buf)
}

// copyBufferSize is smaller for a reader that says it will end sooner.
func copyBufferSize(src io.Reader) int {
	if l, ok := src.(*io.LimitedReader); ok && l.N < copySize {
		return max(1, int(l.N))
	}
	return copySize
}
