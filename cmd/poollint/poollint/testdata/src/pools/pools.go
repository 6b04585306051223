// Package pools makes a mistake with every pool that needs no flag.
package pools

import (
	"context"
	"sync"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adapters/grpcpool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
	"github.com/valyala/bytebufferpool"
	"google.golang.org/grpc/mem"
)

func ofSync(p *sync.Pool) int {
	x := p.Get().(*int)
	p.Put(x)
	return *x // want `use after Put`
}

func ofPool(p *otelpool.Pool) int {
	x := p.Get().(*int)
	p.Put(x)
	return *x // want `use after Put`
}

func ofWrap(p *otelpool.SyncPool) int {
	x := p.Get().(*int)
	p.Put(x)
	return *x // want `use after Put`
}

func ofBytes(p pool.Bytes) byte {
	b := p.Get(10)
	p.Put(b)
	return b[0] // want `use after Put`
}

func ofSizeClasses(p *strategies.SizeClasses) byte {
	b := p.Get(10)
	p.Put(b)
	return b[0] // want `use after Put`
}

func ofFixed(p *strategies.Fixed) byte {
	b := p.Get()
	p.Put(b)
	return b[0] // want `use after Put`
}

func ofBounded(p *strategies.Bounded[int]) int {
	x := p.Get()
	p.Put(x)
	return *x // want `use after Put`
}

func ofValues(p *strategies.Values[[]int]) int {
	x := p.Get()
	p.Put(x)
	return x[0] // want `use after Put`
}

func ofValuesThatAreCopied(p *strategies.Values[[2]int]) int {
	x := p.Get()
	p.Put(x)
	return x[0]
}

func ofSyncT(p *strategies.Sync[int]) int {
	x := p.Get()
	p.Put(x)
	return *x // want `use after Put`
}

func ofGRPC(p *grpcpool.Pool) byte {
	b := p.Get(10)
	p.Put(b)
	return (*b)[0] // want `use after Put`
}

func ofMem(p mem.BufferPool) byte {
	b := p.Get(10)
	p.Put(b)
	return (*b)[0] // want `use after Put`
}

func ofByteBuffers(p *bytebufferpool.Pool) byte {
	b := p.Get()
	p.Put(b)
	return b.B[0] // want `use after Put`
}

func acquired(ctx context.Context, p *strategies.Fixed, ok bool) error {
	b, err := p.Acquire(ctx)
	if err != nil {
		return err
	}
	if !ok {
		return nil // want `forgotten Put`
	}
	b[0] = 1
	p.Put(b)
	return nil
}

func tried(p *strategies.Fixed, ok bool) bool {
	b, got := p.TryGet()
	if got && ok {
		return false // want `forgotten Put`
	}
	if got {
		p.Put(b)
	}
	return got
}

// From here on nothing is wrong.

func wrapped(p *otelpool.SyncPool) int {
	x := p.Get().(*int)
	n := *x
	p.Put(x)
	return n
}

func waits(ctx context.Context, p *strategies.Fixed) (byte, error) {
	b, err := p.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	first := b[0]
	p.Put(b)
	return first, nil
}

func tries(p *strategies.Fixed) byte {
	b, ok := p.TryGet()
	if !ok {
		return 0
	}
	first := b[0]
	p.Put(b)
	return first
}

func returnsError(p *strategies.Sync[int]) (int, error) {
	x, err := p.GetE()
	if err != nil {
		return 0, err
	}
	defer p.Put(x)
	return *x, nil
}
