//go:build race || otelpool_nolinkname || !(amd64 || arm64 || loong64 || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x)

package percpu

import (
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Portable tells which of the two builds this is.
const Portable = true

// Pin returns the number of a shard below GOMAXPROCS, picked by the address of
// the goroutine's stack: a goroutine mostly finds the objects that it put
// itself, and goroutines that run at the same time rarely meet on one lock.
func Pin() int {
	var here byte
	// Stacks of up to 8 KiB lie within a block of that size, so that calls of
	// different depth find the same shard. The address is only a number.
	page := uint32(uintptr(unsafe.Pointer(&here)) >> 13)
	return int(uint64(page*0x9E3779B1) * uint64(runtime.GOMAXPROCS(0)) >> 32)
}

// Unpin does nothing here.
func Unpin() {}

// Lock guards one shard.
type Lock = sync.Mutex

// Inc adds one to a counter, which others may be adding to.
func Inc(p *uint64) { atomic.AddUint64(p, 1) }

// Load reads a counter under its shard's lock.
func Load(p *uint64) uint64 { return *p }

// Store overwrites a counter under its shard's lock.
func Store(p *uint64, n uint64) { *p = n }

// LoadUint32 reads a number under its shard's lock.
func LoadUint32(p *uint32) uint32 { return *p }

// StoreUint32 writes a number under its shard's lock.
func StoreUint32(p *uint32, n uint32) { *p = n }

// stopTheWorld has nothing to wait for: shards are used under their locks.
func stopTheWorld() {}
