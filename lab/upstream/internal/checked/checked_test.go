package checked_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/lab/upstream/internal/checked"
	"github.com/otelpool/pool/strategies"
)

func sizeClasses() pool.Bytes {
	return strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Limit: pool.Unlimited}))
}

// stubborn always returns the same bytes.
type stubborn struct{ b []byte }

func (s stubborn) Get(n int) []byte { return s.b[:n] }
func (stubborn) Put([]byte)         {}

func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	for want, mistake := range map[string]func(*checked.Pool){
		"put already":            func(p *checked.Pool) { b := p.Get(300); p.Put(b); p.Put(b) },
		"512 bytes that was not": func(p *checked.Pool) { p.Put(make([]byte, 512)) },
		"212 bytes that was not": func(p *checked.Pool) { p.Put(p.Get(512)[300:]) },
		"of 400 bytes that had":  func(p *checked.Pool) { p.Put(p.Get(512)[:300:400]) },
		"written to after": func(p *checked.Pool) {
			b := p.Get(60_000)
			p.Put(b)
			b[59_999] = 0
			for range 100 {
				defer p.Put(p.Get(60_000))
			}
		},
	} {
		expect(t, want, func() { mistake(checked.Over(sizeClasses())) })
	}
	same := checked.Over(stubborn{make([]byte, 100)})
	expect(t, "is in use", func() { same.Get(10); same.Get(10) })
	expect(t, "neither fresh", func() { checked.Over(stubborn{[]byte("from somebody else")}).Get(4) })
	expect(t, "returned 4 bytes", func() { checked.Over(short{}).Get(5) })
}

type short struct{ stubborn }

func (short) Get(n int) []byte { return make([]byte, n-1) }

func TestCorrectUseIsFreeOfAlarms(t *testing.T) {
	t.Parallel()
	p := checked.Over(sizeClasses())
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range 500 {
				b := p.Get((n * 997) % 70_000)
				for j := range b {
					b[j] = byte(i)
				}
				p.Put(b[:len(b)/2])
			}
		})
	}
	wg.Wait()
}

func expect(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		if got, _ := recover().(string); !strings.Contains(got, want) {
			t.Errorf("panic %q, want one with %q", got, want)
		}
	}()
	f()
}
