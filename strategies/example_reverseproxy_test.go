package strategies_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// A Fixed is a httputil.BufferPool as it is. A reverse proxy copies each response
// body through one buffer; those of 32 KiB are what io.Copy would allocate.
func ExampleFixed_reverseProxy() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("0123456789", 10_000))
	}))
	defer backend.Close()
	target, _ := url.Parse(backend.URL)

	buffers := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Size: 32 << 10, Count: 64}))
	defer buffers.Close()
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(target) },
		BufferPool: buffers,
	})
	defer front.Close()

	for range 3 {
		resp, err := http.Get(front.URL)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Println(len(body), "bytes")
	}
	var s pool.Stats
	buffers.Stats(&s)
	fmt.Println(s.Requests[pool.Hit], "buffers used,", s.Requests[pool.Miss], "allocated")
	// Output:
	// 100000 bytes
	// 100000 bytes
	// 100000 bytes
	// 3 buffers used, 0 allocated
}
