package strategies_test

import (
	"fmt"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

func ExampleNop() {
	var bodies pool.Bytes = strategies.Must(strategies.NewNop(strategies.NopConfig{}))
	b := bodies.Get(5000)
	bodies.Put(b)

	var s pool.Stats
	bodies.(pool.Source).Stats(&s)
	fmt.Printf("%s: %d allocations, %d bytes, hit ratio %v\n", s.Strategy, s.Allocations, s.AllocatedBytes, s.HitRatio())
	// Output:
	// nop: 1 allocations, 5000 bytes, hit ratio 0
}
