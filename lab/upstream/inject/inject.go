// Package inject is the pool that gRPC's and Arrow's tests run on.
package inject

import (
	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/arrowpool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/lab/upstream/internal/checked"
	"github.com/otelpool/pool/strategies"
)

// mode is set by the linker, so that one compilation serves all modes and the go
// command caches the results of each by itself.
var mode = "plain"

// BufferPool is gRPC's interface, which cannot be imported where this is added.
type BufferPool interface {
	Get(length int) *[]byte
	Put(*[]byte)
}

// Pool is gRPC's.
func Pool() BufferPool {
	return strategies.Must(grpcpool.New(grpcpool.Config{Buffers: buffers(2<<10, 4<<20)}))
}

// Allocator is Arrow's.
func Allocator() *arrowpool.Allocator {
	return strategies.Must(arrowpool.New(arrowpool.Config{Buffers: buffers(64, 64<<20)}))
}

// buffers is the pool to use: "plain" as a program would set it up, "checked" with
// every byte and every owner checked, or "panic", to see whether it is used.
func buffers(smallest, largest int) pool.Bytes {
	config := strategies.SizeClassesConfig{Classes: strategies.PowersOfTwo(smallest, largest)}
	switch mode {
	case "plain":
		return strategies.Must(strategies.NewSizeClasses(config))
	case "checked":
		config.Limit = pool.Unlimited // checked.Pool must not see a buffer dropped
		config.Classes = strategies.PowersOfTwo(64, 1<<30)
		return checked.Over(strategies.Must(strategies.NewSizeClasses(config)))
	case "panic":
		return panicking{}
	default:
		panic("inject: mode " + mode + ": use plain, checked or panic")
	}
}

type panicking struct{}

// Get panics on another goroutine, since gRPC's deferred calls would hold up a
// panic on this one for 10 s.
func (panicking) Get(int) []byte {
	go panic("inject: this pool is in use")
	select {}
}

func (panicking) Put([]byte) {}
