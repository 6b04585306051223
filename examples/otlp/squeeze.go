package main

import (
	"context"
	"math"
	"runtime/debug"
	"time"
)

// The squeeze scenario: under steady load the program's own heap grows until
// memory is short, and shrinks again, over and over. Without a limit memory is
// never short: GOMEMLIMIT counts, or else this one is set.
const (
	squeezeCycle = 30 * time.Second
	squeezeLimit = 256 << 20
	squeezeShare = 0.75 // of the limit, at most: the gateway itself needs the rest
	squeezeStep  = 100 * time.Millisecond
	squeezeTurns = 64 // steps until every block was replaced
)

// squeezed is how much of the most there is at a moment: nothing for a sixth of
// the cycle, then more and more up to the half, all up to three quarters.
func squeezed(at, cycle time.Duration) float64 {
	switch phase := math.Mod(at.Seconds()/cycle.Seconds(), 1); {
	case phase < 1./6, phase >= 3./4:
		return 0
	case phase < 1./2:
		return (phase - 1./6) * 3
	default:
		return 1
	}
}

// startSqueeze squeezes until ctx ends or the returned function is called, which
// returns when all is let go.
func startSqueeze(ctx context.Context, cycle time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		squeeze(ctx, cycle)
	}()
	return func() { cancel(); <-done }
}

// squeeze holds memory as the scenario says until ctx ends.
func squeeze(ctx context.Context, cycle time.Duration) {
	limit := debug.SetMemoryLimit(-1)
	if limit == math.MaxInt64 {
		limit = squeezeLimit
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit))
	}
	most := squeezeShare * float64(limit)
	var held ballast
	tick := time.NewTicker(squeezeStep)
	defer tick.Stop()
	for start := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			held.resize(int(squeezed(time.Since(start), cycle) * most))
			held.turn(len(held) / squeezeTurns)
		}
	}
}

// ballast is memory that is in use, in blocks.
type ballast [][]byte

const ballastBlock = 1 << 20

func (b *ballast) resize(bytes int) {
	for len(*b) < bytes/ballastBlock {
		*b = append(*b, newBlock())
	}
	if n := bytes / ballastBlock; n < len(*b) {
		clear((*b)[n:])
		*b = (*b)[:n]
	}
}

// turn replaces the n oldest blocks, as a cache in use does. A heap that only
// stands there is not collected, so nobody would learn how much of it is live.
func (b *ballast) turn(n int) {
	for i := range n {
		(*b)[i] = nil // so that never more than the most is in use
		*b = append(*b, newBlock())
	}
	kept := copy(*b, (*b)[n:])
	clear((*b)[kept:])
	*b = (*b)[:kept]
}

func newBlock() []byte {
	block := make([]byte, ballastBlock)
	for i := 0; i < len(block); i += 4 << 10 {
		block[i] = 1 // the system gives a page when it is written to
	}
	return block
}
