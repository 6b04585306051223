package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"
)

// neighbour is another process, which takes memory at a pace, holds it and gives
// it back.
type neighbour struct {
	After  time.Duration
	Bytes  int64
	PerMiB time.Duration // in which it takes a MiB
	Holds  time.Duration
	Every  time.Duration // from one time to the next
	Times  int           // 0 is once

	Elsewhere int64 // limit of a group of its own; 0 is in the service's group
	Stalls    bool  // it does not take memory but reads a file of Bytes, which its group cannot hold
}

// runNeighbour is its life.
func runNeighbour(ctx context.Context, encoded string) error {
	var n neighbour
	if err := json.Unmarshal([]byte(encoded), &n); err != nil {
		return fmt.Errorf("pressure: -neighbour: %w", err)
	}
	start := time.Now()
	for i := range max(n.Times, 1) {
		at := start.Add(n.After + time.Duration(i)*n.Every)
		live := n.take
		if n.Stalls {
			live = n.stall
		}
		if err := live(ctx, at); err != nil {
			return fmt.Errorf("pressure: -neighbour: %w", err)
		}
	}
	return nil
}

// take begins at a moment.
func (n *neighbour) take(ctx context.Context, at time.Time) error {
	if !waitUntil(ctx, at) {
		return ctx.Err()
	}
	memory, err := syscall.Mmap(-1, 0, int(n.Bytes), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	for taken := int64(0); taken < n.Bytes && waitUntil(ctx, at); taken += mib {
		touch(memory[taken:min(taken+mib, n.Bytes)])
		at = at.Add(n.PerMiB)
	}
	waitUntil(ctx, at.Add(n.Holds))
	return os.NewSyscallError("munmap", syscall.Munmap(memory))
}

// stall reads what its group cannot hold, again and again: for every page that is
// read, whoever reads waits until the kernel has dropped another.
func (n *neighbour) stall(ctx context.Context, at time.Time) error {
	f, err := scratch(n.Bytes)
	if err != nil {
		return err
	}
	defer f.Close()
	chunk := make([]byte, mib)
	for i := int64(0); waitUntil(ctx, at) && time.Since(at) < n.Holds; i++ {
		if _, err := f.ReadAt(chunk, i*mib%n.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// waitUntil reports whether there is time left then.
func waitUntil(ctx context.Context, at time.Time) bool {
	if left := time.Until(at); left > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(left):
		}
	}
	return ctx.Err() == nil
}
