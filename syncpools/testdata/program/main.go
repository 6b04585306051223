// Program has pools of its own and those of net/http and encoding/json, and prints
// what the census says of them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/syncpools/auto"
)

var (
	variable sync.Pool
	pointer  = &sync.Pool{New: func() any { return new([100]byte) }}
)

func newPool() *sync.Pool { return &sync.Pool{New: func() any { return new(int) }} }

func main() {
	census, err := auto.Census()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	local := newPool()
	for range 10 {
		variable.Put(bytes.NewBuffer(make([]byte, 0, 1000)))
		pointer.Put(pointer.New())
		local.Put(local.New())
	}
	serve()
	runtime.GC()
	census.Read()
	for _, e := range pool.Default.All() {
		var s pool.Stats
		e.Stats(&s)
		fmt.Println(e.Name(), s.Idle, s.IdleBytes)
	}
	local.Get()
	fmt.Println("unknown:", census.Unknown())
}

func serve() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]int{"answer": 42})
	}))
	defer server.Close()
	for range 20 {
		resp, err := http.Get(server.URL)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		var answer map[string]int
		_ = json.NewDecoder(resp.Body).Decode(&answer)
		resp.Body.Close()
	}
}
