package arrowpool_test

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/arrowpool"
	"github.com/otelpool/pool/strategies"
)

func Example() {
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name:    "arrow",
		Classes: strategies.PowersOfTwo(64, 64<<20),
	}))
	defer buffers.Close()
	allocator := strategies.Must(arrowpool.New(arrowpool.Config{Buffers: buffers}))

	column := memory.NewResizableBuffer(allocator)
	column.Resize(8 * 1000)
	fmt.Println(column.Len(), "bytes of", column.Cap())

	var s pool.Stats
	buffers.Stats(&s)
	fmt.Println("in use:", s.InUse)
	column.Release()
	buffers.Stats(&s)
	fmt.Println("in use:", s.InUse)
	// Output:
	// 8000 bytes of 8000
	// in use: 1
	// in use: 0
}
