package poolconfig_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// unruly is a pool of the program's own, one method of which does what it likes.
type unruly struct {
	*tunable
	method string
	does   func()
}

func (p *unruly) in(method string) {
	if method == p.method {
		p.does()
	}
}

func (p *unruly) Stats(s *pool.Stats)        { p.in("Stats"); p.tunable.Stats(s) }
func (p *unruly) Limit() int64               { p.in("Limit"); return p.tunable.Limit() }
func (p *unruly) SetLimit(bytes int64) int64 { p.in("SetLimit"); return p.tunable.SetLimit(bytes) }
func (p *unruly) Mode() control.Mode         { p.in("Mode"); return p.tunable.Mode() }
func (p *unruly) SetMode(mode control.Mode)  { p.in("SetMode"); p.tunable.SetMode(mode) }
func (p *unruly) SetReserve(bytes int64)     { p.in("SetReserve"); p.tunable.SetReserve(bytes) }

// newUnruly publishes one between two that behave, which are returned.
func newUnruly(t *testing.T, r *pool.Registry, p *unruly) (before, after *tunable) {
	before = newTunable(t, r, "a")
	p.tunable = &tunable{SizeClasses: strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))}
	var _ control.Tunable = p
	_, err := r.Publish("b", p, pool.Reject)
	must(t, err)
	return before, newTunable(t, r, "c")
}

var everyMethod = []string{"Stats", "Limit", "SetLimit", "Mode", "SetMode", "SetReserve"}

func documentOf(mib int) string {
	return fmt.Sprintf("pools:\n  \"*\": {limit: %dMiB, mode: count, reserve: %[1]dMiB}\n", mib)
}

func figuresOf(p *tunable) string {
	return fmt.Sprint(p.Limit()>>20, p.Mode(), p.reserve.Load()>>20)
}

func TestAPoolThatHangsHoldsUpNoReload(t *testing.T) {
	t.Parallel()
	for _, method := range everyMethod {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c, r := loaded(t, "{}")
				leave := make(chan struct{})
				b := &unruly{method: method, does: func() { <-leave }}
				before, after := newUnruly(t, r, b)
				for i, most := range []time.Duration{3 * time.Second, 0} { // it is not asked again
					start := time.Now()
					write(t, c, documentOf(1+i))
					hangs(t, c.Reload(), `pool "b" does not return from a call`)
					if took := time.Since(start); took > most {
						t.Errorf("reload %d took %v, at most %v", i, took, most)
					}
					want(t, "the others", figuresOf(before)+", "+figuresOf(after),
						strings.ReplaceAll("N count N, N count N", "N", fmt.Sprint(1+i)))
					want(t, "effective", setting(c, "b", "limit")+setting(c, "c", "limit"), fmt.Sprintf("%dMiB from pools.yaml:2", 1+i))
				}
				close(leave)
				synctest.Wait()
				reload(t, c, documentOf(3))
				want(t, "after it returned", figuresOf(b.tunable), "3 count 3")
			})
		})
	}
}

func TestAPoolThatPanicsHoldsUpNoReload(t *testing.T) {
	t.Parallel()
	for _, method := range everyMethod {
		c, r := loaded(t, "{}")
		b := &unruly{method: method, does: func() { panic("boom") }}
		before, after := newUnruly(t, r, b)
		write(t, c, documentOf(1))
		hangs(t, c.Reload(), `pool "b" panicked: boom`)
		want(t, method, figuresOf(before)+", "+figuresOf(after), "1 count 1, 1 count 1")
		b.method = ""
		reload(t, c, documentOf(2))
		want(t, "when it behaves", figuresOf(b.tunable), "2 count 2")
	}
}

func hangs(t *testing.T, err error, says string) {
	t.Helper()
	if err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want one line that says %s", err, says)
	}
}

// evicting is a member of the budget that never ends evicting.
type evicting struct {
	control.BudgetMember
	leave chan struct{}
}

func (m evicting) LongestWait(time.Duration) (time.Duration, bool) { <-m.leave; return 0, false }
func (m evicting) Detach()                                         {}
func (m evicting) Drain()                                          {}

func TestABudgetThatHangsHoldsUpNoReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, r := loaded(t, "{}")
		leave := make(chan struct{})
		r.Budget().Charge(2 << 20)
		r.Budget().Join(evicting{leave: leave})
		for _, budget := range []string{"1MiB", "512KiB"} {
			write(t, c, "budget: "+budget+"\n")
			hangs(t, c.Reload(), "one of the budget's pools does not return from a call")
			want(t, "budget", setting(c, "", "budget"), budget+" from pools.yaml:1")
		}
		close(leave)
	})
}
