package main

import (
	"io"
	"net/http"
	"sync/atomic"
)

// intake bounds the decoded bytes of all requests together. The limits of one
// request alone do not keep many of them from taking all memory.
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
	m.share.held += int64(n)
	if m.share.of.held.Add(int64(n)) > m.share.of.limit {
		return n, busy
	}
	return n, err
}
