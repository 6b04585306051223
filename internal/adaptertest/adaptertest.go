// Package adaptertest checks adapters of byte pools: what others' code takes through
// one keeps the promises of the pool beneath, and those of the adapter. It also compares
// what pools of codecs count with the heap.
package adaptertest

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/pooltest"
	"github.com/otelpool/pool/strategies"
)

// Adapter is what is checked.
type Adapter struct {
	// Over has the adapter's calls over a pool, in the words of pool.Bytes.
	Over func(beneath pool.Bytes) pool.Bytes
	// Alignment is what the address of all memory is a multiple of, if that is promised.
	Alignment int
	// Clear is whether all memory is zero, up to its capacity.
	Clear bool
}

// Test checks that an adapter over the engine keeps what pooltest checks, the figures of
// the pool beneath and its controller's side included, and that memory is as promised
// over any pool.
func Test(t *testing.T, a Adapter) {
	t.Run("promises", func(t *testing.T) {
		pooltest.TestBytes(t, func(*testing.T) pool.Bytes {
			registry := new(pool.Registry)
			p := beneath(strategies.SizeClassesConfig{Name: "beneath", Registry: registry})
			return face{a.Over(p), registry.All()[0].Source().(core), p}
		})
	})
	for name, p := range map[string]*strategies.SizeClasses{
		"powers":   beneath(strategies.SizeClassesConfig{}),
		"any":      beneath(strategies.SizeClassesConfig{Classes: strategies.Explicit(1, 65, 80, 161, 1000, 4161, 100_000)}),
		"strict":   beneath(strategies.SizeClassesConfig{Safety: strategies.SafetyStrict}),
		"counting": counting(),
	} {
		t.Run("memory/"+name, func(t *testing.T) { a.checkMemory(t, p) })
	}
}

// face is the adapter's Get and Put, and all else of the pool beneath.
type face struct {
	pool.Bytes
	core
	handle
}

type (
	core interface {
		pool.Source
		control.Tunable
	}
	handle interface {
		control.Switchable
		Close()
	}
)

func beneath(c strategies.SizeClassesConfig) *strategies.SizeClasses {
	return strategies.Must(strategies.NewSizeClasses(c))
}

// counting keeps nothing.
func counting() *strategies.SizeClasses {
	p := beneath(strategies.SizeClassesConfig{})
	p.SetMode(control.ModeCount)
	return p
}

// lengths are around those at which pools change what they do; several are of one class,
// since an address may be right by chance.
var lengths = []int{
	0, 1, 63, 64, 65, 66, 70, 75, 80, 100, 120, 140, 160, 161, 255, 256, 257, 4096, 16 << 10, 1 << 20, 1<<20 + 1,
}

func (a Adapter) checkMemory(t *testing.T, beneath *strategies.SizeClasses) {
	p := a.Over(beneath)
	for range 3 { // from the second round on it is reused
		var held [][]byte
		for _, n := range lengths {
			b := p.Get(n)
			if problem := a.problem(b, n); problem != "" {
				t.Fatalf("Get(%d) returned %s", n, problem)
			}
			whole := b[:cap(b)]
			copy(whole, bytes.Repeat([]byte{0xa5}, len(whole)))
			held = append(held, b)
		}
		for _, b := range held {
			p.Put(b[:len(b)/2])
		}
	}
	var s pool.Stats
	if beneath.Stats(&s); s.InUse != 0 || s.Misuse != [pool.NumMisuseKinds]uint64{} {
		t.Errorf("%d buffers in use, misuse %v; want none", s.InUse, s.Misuse)
	}
}

// problem is what is not as promised of b, or "".
func (a Adapter) problem(b []byte, n int) string {
	whole := b[:cap(b)]
	switch zeros := bytes.Count(whole, []byte{0}); {
	case len(b) != n:
		return fmt.Sprintf("%d bytes", len(b))
	case a.Clear && zeros != len(whole):
		return fmt.Sprintf("memory of which %d of %d bytes are not clear", len(whole)-zeros, len(whole))
	case a.Alignment > 0 && len(whole) > 0 && uintptr(unsafe.Pointer(&whole[0]))%uintptr(a.Alignment) != 0:
		return fmt.Sprintf("memory that begins at %p, no multiple of %d", whole, a.Alignment)
	}
	return ""
}
