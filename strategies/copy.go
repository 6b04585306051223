package strategies

import (
	"io"

	"github.com/otelpool/pool"
)

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
	size := int64(32 << 10) // io.Copy's own
	if l, ok := src.(*io.LimitedReader); ok {
		size = max(1, min(size, l.N)) // it says that it will end sooner
	}
	buf := p.Get(int(size))
	defer p.Put(buf)
	return io.CopyBuffer(dst, src, buf)
}
