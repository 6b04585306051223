package strategies_test

import (
	"fmt"

	"github.com/otelpool/pool/strategies"
)

func ExampleSyncBytes() {
	bodies := strategies.Must(strategies.NewSyncBytes(strategies.SyncBytesConfig{
		Classes: strategies.PowersOfTwo(512, 1<<16),
	}))
	defer bodies.Close()

	b := bodies.Get(5000)
	fmt.Println(len(b), cap(b))
	bodies.Put(b)
	// Output:
	// 5000 8192
}
