package strategies_test

import (
	"context"
	"fmt"
	"time"

	"github.com/otelpool/pool/strategies"
)

func ExampleFixed() {
	frames := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Size: 1 << 16, Count: 2}))
	defer frames.Close()

	first, second := frames.Get(), frames.Get()
	_, ok := frames.TryGet()
	fmt.Println("a third:", ok)

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, err := frames.Acquire(ctx)
	fmt.Println("waiting for it:", err)

	frames.Put(first[:10]) // any part will do
	frames.Put(second)
	_, ok = frames.TryGet()
	fmt.Println("now:", ok)
	// Output:
	// a third: false
	// waiting for it: context deadline exceeded
	// now: true
}
