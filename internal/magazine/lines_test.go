//go:build !race

// The race detector would take the copies of the pool's memory for the accesses of a
// goroutine that ought to lock, and the clock's for the other.

package magazine

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

const lineSize = 64

// lines is the cache lines that all Ps share: the pool, its depots and its places.
type lines [][]byte

// linesOf is copies of them as they are now. Nobody but the caller may be using the pool, and
// a collection that ends may move its clock.
func linesOf(p *Pool) (all lines) {
	ps := p.shards.front.Ps()
	for _, memory := range [][]byte{
		unsafe.Slice((*byte)(unsafe.Pointer(p)), unsafe.Sizeof(*p)),
		unsafe.Slice((*byte)(unsafe.Pointer(&p.depots[0])), uintptr(len(p.depots))*unsafe.Sizeof(p.depots[0])),
		unsafe.Slice((*byte)(unsafe.Pointer(ps)), uintptr(ps.n)*unsafe.Sizeof(*ps)),
	} {
		at := uintptr(unsafe.Pointer(&memory[0]))
		for len(memory) > 0 {
			n := min(uintptr(len(memory)), lineSize-at%lineSize)
			all = append(all, append([]byte(nil), memory[:n]...))
			memory, at = memory[n:], at+n
		}
	}
	return all
}

// written is how many of the lines have changed. A lock that was taken and left again
// changes nothing; but what the engine guards with one lies beside it.
func (l lines) written(now lines) (n int) {
	for i := range l {
		if string(l[i]) != string(now[i]) {
			n++
		}
	}
	return n
}

// locks is every lock of a pool that is not one P's.
func locks(p *Pool) []*sync.Mutex {
	all := []*sync.Mutex{&p.shards.mu, &p.shards.draining, &p.account.dividing}
	for i := range p.depots {
		all = append(all, &p.depots[i].mu)
	}
	return all
}

// All locks are held meanwhile, so that a hit which took one would never return. A
// collection that ends meanwhile moves the pool's clock, which a second try does not meet.
func TestAHitWritesNoLineThatPsShare(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // or the goroutine could move to a P without objects
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	p := New(Config{Sizes: []int64{1024}, Limit: 64 << 20})
	for range maxLength {
		p.Put(0, unsafe.Pointer(new([1024]byte)), 0)
	}
	for _, mu := range locks(p) {
		mu.Lock()
		defer mu.Unlock()
	}
	var wrote int
	for range 5 {
		before := linesOf(p)
		for range 2000 {
			hitEight(t, p)
		}
		if wrote = before.written(linesOf(p)); wrote == 0 {
			return
		}
	}
	t.Errorf("16,000 hits wrote %d lines that all Ps share, want none", wrote)
}

// hitEight takes eight objects of the P's cell, of the top and of the magazine, and gives
// them back.
func hitEight(t *testing.T, p *Pool) {
	t.Helper()
	c := p.At(percpu.Pin(), 0)
	defer c.Leave()
	var taken [8]unsafe.Pointer
	for i := range taken {
		if taken[i] = c.Take(); taken[i] == nil {
			t.Fatal("a P that has objects finds none")
		}
		c.Count(1024)
	}
	for _, x := range taken {
		if !c.Give(x) {
			t.Fatal("what was taken is not kept")
		}
	}
}

// Objects that cross from P to P go through the depot, a magazine at a time: so do those
// of one P beyond its two magazines, which one goroutine can count.
func TestATradeWritesFewLinesThatPsShare(t *testing.T) {
	for _, procs := range []int{2, 4, 16} {
		t.Run(fmt.Sprint("GOMAXPROCS=", procs), func(t *testing.T) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nor does the clock move
			p := New(Config{Sizes: []int64{1024}, Limit: pool.Unlimited})
			burst(p, nil) // makes the shards and the magazines
			written := 0
			now := linesOf(p)
			ops := burst(p, func() {
				next := linesOf(p)
				written += now.written(next)
				now = next
			})
			perOp := float64(written) / float64(ops)
			t.Logf("%.3f shared lines written per operation", perOp)
			if perOp > 0.05 { // 6 for each 128
				t.Errorf("%.3f shared lines written per operation, want at most 0.05", perOp)
			}
		})
	}
}

// burst puts what 32 magazines hold and takes it again, and calls after with each.
func burst(p *Pool, after func()) (ops int) {
	each := func(do func()) {
		for range 32 * maxLength {
			do()
			ops++
			if after != nil {
				after()
			}
		}
	}
	each(func() { p.Put(0, unsafe.Pointer(new([1024]byte)), 0) })
	each(func() { p.Get(0, 1024) })
	return ops
}
