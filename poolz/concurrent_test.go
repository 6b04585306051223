package poolz_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// Viewers come, look at everything and go, while pools are made, used, trimmed
// and closed.
func TestPageIsConcurrentSafe(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	server := httptest.NewServer(pageOf(r))
	defer server.Close()
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() { usePools(ctx, r, fmt.Sprint("pool-", i)) })
	}
	for _, query := range []string{
		"?stream=1", "?stream=1&pool=pool-1", "?format=json", "?format=html&sort=held", "?format=text&pool=pool-2", "?seconds=1",
	} {
		all.Go(func() { look(ctx, server.URL+"/"+query) })
	}
	all.Wait()
}

func usePools(ctx context.Context, r *pool.Registry, name string) {
	for ctx.Err() == nil {
		p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: r}))
		for i := range 100 {
			p.Put(p.Get(i * 100))
		}
		p.Trim(1 << 20)
		p.Close()
	}
}

func look(ctx context.Context, url string) {
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // the time is up
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}
