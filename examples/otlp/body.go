package main

import (
	"errors"
	"io"
	"sync"
)

// body is a request body in memory that says when its memory is free. An HTTP
// transport may still be reading a body after the answer has come (an upstream
// may answer before it has read everything), and a buffer that is read while its
// next owner writes sends one client's data for another's: hence the lock. After
// Close nothing reads the memory any more, and a read is an error: io.EOF would
// make half an upload look whole.
type body struct {
	mu      sync.Mutex
	closed  bool
	rest    []byte
	release func() // called by the first Close; nil is nothing to do
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, errBodyClosed
	}
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

var errBodyClosed = errors.New("the body was read after Close")

// Close may be called more than once, from any goroutine.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest, b.closed = nil, true
	if release := b.release; release != nil {
		b.release = nil
		release()
	}
	return nil
}
