package browser_test

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
)

var serveAt = flag.String("serve", "", "show the test's pools at this address until the test is killed")

// site serves the page of pools that misbehave, at the path it is known for.
func site(t *testing.T, addr string) string {
	t.Helper()
	r := new(pool.Registry)
	misbehave(t, r)
	scripted := newTunable()
	if _, err := r.Publish("archive.blocks", scripted, pool.Reject); err != nil {
		t.Fatal(err)
	}
	repeat(t, scripted.step)
	if _, err := r.AddController(&controller{started: time.Now()}); err != nil {
		t.Fatal(err)
	}
	config := func() string { return "pools:\n  http.body:\n    limit: 32MiB # pools.yaml:3\n" }
	return serve(t, addr, poolz.Handler(poolz.WithRegistry(r), poolz.WithConfig(config)))
}

// serve mounts a page at the path it is known for, and returns its URL.
func serve(t *testing.T, addr string, page http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/debug/pools/", page)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return "http://" + l.Addr().String() + "/debug/pools/"
}

func TestServeForPeople(t *testing.T) {
	if *serveAt == "" {
		t.Skip("nobody asked to look: -serve localhost:6060")
	}
	fmt.Println("see", site(t, *serveAt))
	<-t.Context().Done() // at the end of the test: never
}
