package poolz_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/poolz"
)

// A client that takes nothing is cut off at the deadline, and costs the others
// nothing meanwhile.
func TestASlowClientIsCutOff(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	for i := range 200 {
		publish(t, r, fmt.Sprint(i, strings.Repeat(" long", 20)), newFake())
	}
	h := pageOf(r)
	poolz.SetWriteTimeout(h, time.Second)
	var closed sync.Map // connections, by the client's address
	server := httptest.NewUnstartedServer(h)
	server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		_ = c.(*net.TCPConn).SetWriteBuffer(4 << 10) // or the kernel takes several frames
		return ctx
	}
	server.Config.ConnState = func(c net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed.Store(c.RemoteAddr().String(), true)
		}
	}
	server.Start()
	defer server.Close()
	quick, err := http.Get(server.URL + "/?stream=1")
	if err != nil {
		t.Fatal(err)
	}
	defer quick.Body.Close()
	var taken atomic.Int64
	go func() {
		lines := bufio.NewScanner(quick.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			taken.Add(int64(len(lines.Bytes())))
			acknowledge(h, append(lines.Bytes(), '\n'))
		}
	}()

	slow, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	_ = slow.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(slow, "GET /?stream=1&limit=1000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
	testcost.Until(t, "the slow one cut off", func() bool {
		_, ok := closed.Load(slow.LocalAddr().String())
		return ok
	})
	before := taken.Load()
	testcost.Until(t, "the quick one goes on", func() bool { return taken.Load() > before })
	testcost.Until(t, "one viewer", func() bool { return poolz.Viewers(h) == 1 })
}

// A stream that is still at its first frame when Shutdown begins ends as well.
func TestShutdownEndsStreams(t *testing.T) {
	t.Parallel()
	r, hangs := new(pool.Registry), newWaits()
	publish(t, r, "hangs", hangs)
	defer hangs.answers()
	h := pageOf(r)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	for _, query := range []string{"?stream=1", "?seconds=100"} {
		go func() {
			if answer, err := http.Get("http://" + l.Addr().String() + "/" + query); err == nil {
				_, _ = io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
			}
		}()
	}
	testcost.Until(t, "two viewers", func() bool { return poolz.Viewers(h) == 2 })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown with viewers: %v", err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
