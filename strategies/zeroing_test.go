package strategies_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/strategies"
)

// zeroing is a pool that clears what it reuses, and what can be done to it in
// between.
type zeroing struct {
	pool.Bytes
	pool.Source
	disturb []func(r *rand.Rand)
	close   func()
}

// sized is a Fixed pool as a pool of bytes: its buffers have one size.
type sized struct{ *strategies.Fixed }

func (p sized) Get(int) []byte { return p.Fixed.Get() }

// zeroings is every strategy that has a zeroing setting.
func zeroings(z strategies.Zeroing) map[string]func() zeroing {
	classes := strategies.Explicit(16, 64, 100, 256, 1024)
	return map[string]func() zeroing{
		"sizeclasses": func() zeroing {
			p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
				Classes: classes, Limit: 16 << 10, Zero: z, Prewarm: map[int]int{64: 2},
			}))
			return zeroing{p, p, []func(*rand.Rand){
				func(r *rand.Rand) { p.Trim(r.Int64N(4 << 10)) },
				func(r *rand.Rand) { p.SetLimit(16 + r.Int64N(32<<10)) },
				func(r *rand.Rand) { p.Warm(1+r.IntN(1024), 2) },
				func(r *rand.Rand) {
					if r.IntN(8) == 0 { // it stops the world
						p.SetMode(control.Mode(r.IntN(int(control.NumModes))))
						p.SetMode(control.ModeOn)
					}
				},
			}, p.Close}
		},
		"fixed": func() zeroing {
			p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Size: 100, Count: 8, Zero: z}))
			return zeroing{sized{p}, p, nil, p.Close}
		},
	}
}

// readable is the first byte of somebody else's that can be read in b, up to its
// capacity.
func readable(b []byte) string {
	b = b[:cap(b)]
	if i := slices.IndexFunc(b, func(c byte) bool { return c != 0 }); i >= 0 {
		return fmt.Sprintf("byte %d of %d is %#x", i, len(b), b[i])
	}
	return ""
}

// secret is what a tenant writes wherever it can.
func secret(b []byte, r *rand.Rand) {
	b = b[:cap(b)]
	for i := range b {
		b[i] = byte(1 + r.IntN(255))
	}
}

// tenant is somebody who takes, writes over, and gives back, in every way that is
// allowed, and tells what it could read of others.
type tenant struct {
	zeroing
	rand *rand.Rand
	held [][]byte
}

// step is one thing that a tenant may do.
func (a *tenant) step() (leak string) {
	r := a.rand
	switch k := r.IntN(20); {
	case k < 8 && len(a.held) < 12:
		b := a.Get(r.IntN(1100)) // also larger than any class
		leak = readable(b)
		secret(b, r)
		a.held = append(a.held, b)
	case k < 13 && len(a.held) > 0:
		i := r.IntN(len(a.held))
		b := a.held[i]
		a.held = append(a.held[:i], a.held[i+1:]...)
		a.Put(b[:r.IntN(len(b)+1)]) // whole, or a prefix
	case k < 15:
		leak = a.grow()
	case k < 16: // a buffer from elsewhere, and the end of one that looks like a smaller one
		b := make([]byte, 1024)
		secret(b, r)
		a.Put(b[1024-256:])
	case k < 17:
		src := strings.NewReader(strings.Repeat("secret", r.IntN(100)))
		if _, err := strategies.Copy(a, struct{ io.Writer }{io.Discard}, struct{ io.Reader }{src}); err != nil {
			leak = err.Error()
		}
	case len(a.disturb) > 0:
		a.disturb[r.IntN(len(a.disturb))](r)
	}
	return leak
}

// grow writes a buffer through the classes, and looks behind its content at every
// size.
func (a *tenant) grow() string {
	b := strategies.NewBuffer(a, a.rand.IntN(40))
	defer b.Release()
	for range a.rand.IntN(6) {
		content := make([]byte, a.rand.IntN(90)) // a Fixed pool's buffers end at 100
		secret(content, a.rand)
		if b.Len()+len(content) > 100 {
			b.Reset()
			clear(b.Bytes()[:b.Cap()]) // our own
		}
		if _, err := b.Write(content); err != nil {
			return err.Error()
		}
		if behind := b.Bytes()[b.Len():b.Cap()]; readable(behind) != "" {
			return "behind the content: " + readable(behind)
		}
	}
	return ""
}

func (a *tenant) leave() {
	for _, b := range a.held {
		a.Put(b)
	}
	a.held = nil
}

func TestNoTenantReadsAnother(t *testing.T) {
	t.Parallel()
	for _, z := range []strategies.Zeroing{strategies.ZeroOnPut, strategies.ZeroOnGet} {
		for name, open := range zeroings(z) {
			var hits uint64
			for seed := range uint64(6) {
				a := &tenant{zeroing: open(), rand: rand.New(rand.NewPCG(seed, 1))}
				for step := range 1500 {
					if leak := a.step(); leak != "" {
						t.Fatalf("%s, zeroing %d, seed %d, step %d: %s", name, z, seed, step, leak)
					}
					if step == 700 {
						runtime.GC()
					}
				}
				var s pool.Stats
				a.Stats(&s)
				hits += s.Requests[pool.Hit]
				a.close()
				if leak := a.step(); leak != "" {
					t.Errorf("%s, zeroing %d, closed: %s", name, z, leak)
				}
				a.leave()
			}
			if hits < 500 {
				t.Errorf("%s: only %d buffers were used again: nothing is shown", name, hits)
			}
		}
	}
}

func TestNoTenantReadsAnotherConcurrentSafe(t *testing.T) {
	t.Parallel()
	steps := 4000
	if testing.Short() {
		steps = 1000
	}
	for _, z := range []strategies.Zeroing{strategies.ZeroOnPut, strategies.ZeroOnGet} {
		for name, open := range zeroings(z) {
			p := open()
			var tenants sync.WaitGroup
			for i := range uint64(4) {
				tenants.Go(func() {
					a := &tenant{zeroing: p, rand: rand.New(rand.NewPCG(i, 2))}
					defer a.leave()
					for range steps {
						if leak := a.step(); leak != "" {
							t.Errorf("%s, zeroing %d: %s", name, z, leak)
							return
						}
					}
				})
			}
			tenants.Wait()
			p.close()
		}
	}
}

// With ZeroOnPut a secret does not even lie in idle memory: what was given back
// and kept is cleared when Put returns, all of it, whatever part was given.
func TestZeroOnPutLeavesNothingInIdleMemory(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	for name, open := range zeroings(strategies.ZeroOnPut) {
		p := open()
		r := rand.New(rand.NewPCG(3, 3))
		for range 100 {
			b := p.Get(1 + r.IntN(100))
			secret(b, r)
			whole := b[:cap(b)]
			before := pooledBy(p)
			p.Put(b[:r.IntN(len(b)+1)])
			if leak := readable(whole); leak != "" && pooledBy(p) > before {
				t.Errorf("%s: idle memory of %d bytes: %s", name, cap(b), leak)
			}
		}
		p.close()
	}
}

func pooledBy(s pool.Source) uint64 {
	return snapshot(s).Returns[pool.Pooled]
}

// The test must be able to fail: without zeroing, tenants do read each other.
func TestWithoutZeroingPreviousOwnersAreReadable(t *testing.T) {
	skipInDebugBuilds(t)
	t.Parallel()
	for name, open := range zeroings(strategies.ZeroNever) {
		p := open()
		found := false
		for range 100 {
			b := p.Get(100)
			found = found || readable(b) != ""
			secret(b, rand.New(rand.NewPCG(4, 4)))
			p.Put(b)
		}
		if !found {
			t.Errorf("%s: nothing found", name)
		}
		p.close()
	}
}

// A Fixed pool clears the whole slot, whatever part of it comes back, and does
// not touch a slot on a second Put: it may have a new owner.
func TestFixedClearsTheSlotAndNotItsNextOwner(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	skipInDebugBuilds(t)
	p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Size: 64, Count: 1, Zero: strategies.ZeroOnPut}))
	defer p.Close()
	b := p.Get()
	secret(b, rand.New(rand.NewPCG(5, 5)))
	p.Put(b[40:50])
	if leak := readable(b); leak != "" {
		t.Error(leak)
	}
	p.Put(b) // twice
	c := p.Get()
	if unsafe.SliceData(b) != unsafe.SliceData(c) {
		t.Fatal("another slot")
	}
	if s := snapshot(p); s.Returns[pool.Double] != 1 {
		t.Errorf("returns %v", s.Returns)
	}
}

// What zeroing costs: compare with zero=never.
func BenchmarkZero(b *testing.B) {
	for z, name := range []string{"never", "on-put", "on-get"} {
		for _, size := range []int{1 << 10, 16 << 10, 256 << 10} {
			b.Run(fmt.Sprintf("zero=%s/size=%d", name, size), func(b *testing.B) {
				p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Zero: strategies.Zeroing(z)}))
				defer p.Close()
				b.SetBytes(int64(size))
				for b.Loop() {
					p.Put(p.Get(size))
				}
			})
		}
	}
}
