package upstream_test

// prepareByteBufferPool puts our shim under a module that requires bytebufferpool, as
// one line of the program's go.mod does. A checked shim fills what is put with a
// pattern, and panics at a second Put and at a write after Put.
func prepareByteBufferPool(w *workspace) {
	w.dir = w.pristine()
	w.require("")
	file := w.abs("../../shims/bytebufferpool/pool.go")
	source := w.read(file)
	put := "{ checkedPut(p.opened(), b) }"
	switch w.mode.name {
	case "double":
		put = "{ checkedPut(p.opened(), b); checkedPut(p.opened(), b) }"
		fallthrough
	case "checked":
		source = w.replaceOnce(source, "return p.opened().Get()", "return checkedGet(p.opened())")
		source = w.replaceOnce(source, "{ p.opened().Put(b) }", put)
		w.files[w.abs("../../shims/bytebufferpool/zz_checked.go")] = checkedByteBuffers
	}
	w.files[file] = source
}

const checkedByteBuffers = `package bytebufferpool

import (
	"bytes"
	"sync"
)

var (
	mu   sync.Mutex
	idle = make(map[*ByteBuffer]bool) // keeps them, so that an address means one buffer
)

func checkedGet(p *buffers) *ByteBuffer {
	b := p.Get()
	mu.Lock()
	defer mu.Unlock()
	if whole := b.B[:cap(b.B)]; len(b.B) != 0 || idle[b] && bytes.Count(whole, []byte{0xdb}) != len(whole) {
		panic("checked: the buffer was written to after its Put")
	}
	delete(idle, b)
	return b
}

func checkedPut(p *buffers, b *ByteBuffer) {
	mu.Lock()
	if idle[b] {
		panic("checked: Put of a buffer that was put already")
	}
	idle[b] = true
	for whole := b.B[:cap(b.B)]; len(whole) > 0; whole = whole[1:] {
		whole[0] = 0xdb
	}
	mu.Unlock()
	p.Put(b)
}
`
