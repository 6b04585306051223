package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// memoryPerByte is what a byte of a body takes at most: three times itself while
// its buffer grows to the double, the old one beside the new, and as much again
// until the collector has run.
const memoryPerByte = 2 * 3

// intake bounds the memory that the bodies of all requests take together. The
// limits of one request alone do not keep many of them from taking all there is.
type intake struct {
	limit int64
	held  atomic.Int64
}

// busy is the answer to a request that there is no room for now.
var busy = refusal{http.StatusServiceUnavailable, "too many requests in progress: try again"}

// admitted is a request's share of an intake.
type admitted struct {
	of   *intake
	held int64
}

// release gives the share back.
func (a *admitted) release() {
	a.of.held.Add(-a.held)
	a.held = 0
}

// reader is r, until there is no room left for what it gives.
func (a *admitted) reader(r io.Reader) io.Reader { return &meteredReader{a, r} }

type meteredReader struct {
	share *admitted
	from  io.Reader
}

// Read takes the room for what was read after it was read: too late by one
// buffer per request, and nothing is held for what a client promises and does
// not send.
func (m *meteredReader) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	memory := int64(n) * memoryPerByte
	m.share.held += memory
	if m.share.of.held.Add(memory) > m.share.of.limit {
		return n, busy
	}
	return n, err
}
