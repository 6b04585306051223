// Package checked finds what a pool of bytes and its users do wrong, at a price
// that only tests can pay.
package checked

import (
	"bytes"
	"fmt"
	"sync"
	"unsafe"

	"github.com/otelpool/pool"
)

// Pool is a pool.Bytes on another that panics at the first mistake: a buffer
// handed out to two owners, put twice, put without having been handed out, put
// with another start or capacity, written to after its Put, or handed out with
// bytes that are neither fresh nor what Put left there.
//
// What lies in the pool is filled with a pattern. Pool keeps every buffer that
// was put alive until it is handed out again, so that an address means one
// buffer: the pool beneath must not drop what it is given, or memory grows.
// A Get costs a look at every byte, and all calls take one lock.
type Pool struct {
	beneath pool.Bytes
	mu      sync.Mutex
	out     map[*byte]int  // in use, with its capacity
	idle    map[*byte]bool // put, and filled with poison
}

// Over is a checked pool over another, which nobody else may use.
func Over(beneath pool.Bytes) *Pool {
	return &Pool{beneath: beneath, out: make(map[*byte]int), idle: make(map[*byte]bool)}
}

// Get implements pool.Bytes.
func (p *Pool) Get(n int) []byte {
	b := p.beneath.Get(n)
	if len(b) != n {
		panic(fmt.Sprintf("checked: Get(%d) returned %d bytes", n, len(b)))
	}
	if cap(b) == 0 {
		return b
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	x := unsafe.SliceData(b)
	if _, taken := p.out[x]; taken {
		panic(fmt.Sprintf("checked: Get(%d) returned a buffer that is in use", n))
	}
	if want := pattern(p.idle[x]); !made(b[:cap(b)], want) {
		if p.idle[x] {
			panic(fmt.Sprintf("checked: Get(%d): the buffer was written to after its Put", n))
		}
		panic(fmt.Sprintf("checked: Get(%d): the buffer is neither fresh nor one that was put", n))
	}
	delete(p.idle, x)
	p.out[x] = cap(b)
	return b
}

// Put implements pool.Bytes.
func (p *Pool) Put(b []byte) {
	if cap(b) > 0 {
		p.take(b)
		fill(b[:cap(b)], pattern(true))
	}
	p.beneath.Put(b)
}

// take ends the buffer's use.
func (p *Pool) take(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	x := unsafe.SliceData(b)
	size, ok := p.out[x]
	switch {
	case p.idle[x]:
		panic("checked: Put of a buffer that was put already")
	case !ok:
		panic(fmt.Sprintf("checked: Put of a buffer of %d bytes that was not handed out, or not from its start", cap(b)))
	case size != cap(b):
		panic(fmt.Sprintf("checked: Put of a buffer of %d bytes that had %d", cap(b), size))
	}
	delete(p.out, x)
	p.idle[x] = true
}

const block = 4096

var zeros, poison = make([]byte, block), bytes.Repeat([]byte{0xdb}, block)

// pattern is a block of what an unused buffer consists of.
func pattern(poisoned bool) []byte {
	if poisoned {
		return poison
	}
	return zeros
}

func made(b, of []byte) bool {
	for len(b) > block {
		if !bytes.Equal(b[:block], of) {
			return false
		}
		b = b[block:]
	}
	return bytes.Equal(b, of[:len(b)])
}

func fill(b, with []byte) {
	for len(b) > 0 {
		b = b[copy(b, with):]
	}
}

var _ pool.Bytes = (*Pool)(nil)
