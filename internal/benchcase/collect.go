package benchcase

import (
	"context"
	"sync"
	"testing"
	"time"
)

// EverySecond calls collect once a second until the benchmark ends, as an
// exporter's reader does. An error fails the benchmark, unless it comes of its end.
func EverySecond(tb testing.TB, collect func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if err := collect(ctx); err != nil && ctx.Err() == nil {
					tb.Error(err)
				}
			case <-ctx.Done():
				return
			}
		}
	})
	tb.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}
