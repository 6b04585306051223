package poolz_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
	"github.com/otelpool/pool/strategies"
)

// The page on a listener that only operators reach, beside pprof.
func ExampleHandler() {
	debug := http.NewServeMux()
	debug.Handle("/debug/pools/", poolz.Handler())
	go func() { _ = http.ListenAndServe("localhost:6060", debug) }()
}

// A registry of its own, and what curl gets.
func ExampleWithRegistry() {
	r := new(pool.Registry)
	bodies := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "http.body", Registry: r}))
	defer bodies.Close()
	bodies.Put(bodies.Get(1000))
	bodies.Put(bodies.Get(1000))

	page := httptest.NewRecorder()
	poolz.Handler(poolz.WithRegistry(r)).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "http://localhost/", nil))
	fmt.Println(page.Body)
	// Output:
	// 1 pool open, 1 KiB held idle, 0 B in use; totals: add seconds=5 for rates and marks
	//
	//   requests    hits  misses  in use   held   limit  drops  evictions  state  pool
	//          2  50.0 %       1       0  1 KiB  64 MiB      0          0     ok  http.body (sizeclasses)
}
