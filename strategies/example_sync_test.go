package strategies_test

import (
	"bytes"
	"fmt"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

func ExampleSync() {
	buffers := strategies.Must(strategies.NewSync(strategies.SyncConfig[bytes.Buffer]{
		Keep:  func(b *bytes.Buffer) bool { return b.Cap() <= 64<<10 },
		Reset: (*bytes.Buffer).Reset,
	}))
	defer buffers.Close()

	b := buffers.Get()
	b.WriteString("hello")
	fmt.Println(b)
	buffers.Put(b)

	var s pool.Stats
	buffers.Stats(&s)
	fmt.Printf("misses %d, returned %d, in use %d\n", s.Requests[pool.Miss], s.Puts(), s.InUse)
	// Output:
	// hello
	// misses 1, returned 1, in use 0
}
