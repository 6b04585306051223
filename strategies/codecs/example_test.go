package codecs_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
)

// A handler compresses its answer, and a client decompresses it.
func Example() {
	writers := strategies.Must(codecs.NewGzipWriters(gzip.BestSpeed, codecs.Config{Name: "http.gzip.writers"}))
	defer writers.Close()
	readers := strategies.Must(codecs.NewGzipReaders(codecs.Config{Name: "http.gzip.readers"}))
	defer readers.Close()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := writers.Get(w)
		defer z.Close()
		_, _ = io.WriteString(z, "hello, compressed")
	}))
	defer server.Close()

	request, _ := http.NewRequest(http.MethodGet, server.URL, http.NoBody)
	request.Header.Set("Accept-Encoding", "gzip") // or the client decompresses
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	z := readers.Get(answer.Body)
	defer z.Close()
	text, err := io.ReadAll(z)
	fmt.Println(string(text), err)
	// Output: hello, compressed <nil>
}
