package main

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// upstream is the built-in receiver: it reads everything, keeps nothing and
// says so.
type upstream struct {
	requests, bytes atomic.Int64
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	u.requests.Add(1)
	u.bytes.Add(n)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header()["Content-Type"] = jsonType
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintln(w, `{"accepted":true}`)
}

var jsonType = []string{"application/json"}
