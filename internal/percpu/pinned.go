//go:build !race && !otelpool_nolinkname && (amd64 || arm64 || loong64 || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x)

package percpu

import (
	"runtime"
	"sync/atomic"
	_ "unsafe" // for go:linkname
)

// Portable tells which of the two builds this is.
const Portable = false

// Pin pins the goroutine to its P and returns the P's number, which may exceed
// any GOMAXPROCS read before. It costs about a nanosecond, as does Unpin.
//
// It is declared as the runtime's own function instead of calling it, which
// saves a call.
//
//go:linkname Pin runtime.procPin
//go:nosplit
func Pin() int

// Unpin ends the pinned section that Pin began.
//
//go:linkname Unpin runtime.procUnpin
//go:nosplit
func Unpin()

// Lock guards one shard. Pinned, the shard is the P's own and nothing needs to
// be done.
type Lock struct{}

// Lock does nothing here.
func (*Lock) Lock() {}

// Unlock does nothing here.
func (*Lock) Unlock() {}

// Inc adds one to a counter that only the pinned owner writes. A plain store
// of an aligned word is not torn on the platforms of this build, so others can
// read the counter with Load.
func Inc(p *uint64) { *p++ }

// Load reads a counter that its owner may be writing.
func Load(p *uint64) uint64 { return atomic.LoadUint64(p) }

// Store overwrites a counter that only the caller writes. Loads by others are
// never torn, and whoever sees a later store sees this one too.
func Store(p *uint64, n uint64) { atomic.StoreUint64(p, n) }

// LoadUint32 reads a number that its owner may be writing.
func LoadUint32(p *uint32) uint32 { return atomic.LoadUint32(p) }

// StoreUint32 overwrites a number that its owner may be using. The owner must
// work with either value, and may overwrite it in turn.
func StoreUint32(p *uint32, n uint32) { atomic.StoreUint32(p, n) }

// stopTheWorld returns after every P has been at a point where no goroutine is
// pinned. Asking for all goroutines' stacks does this; with no room for the
// answer it is the cheapest way: 17–56 µs measured, and no allocation.
func stopTheWorld() { runtime.Stack(nil, true) }
