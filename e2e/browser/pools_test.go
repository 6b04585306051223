package browser_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/strategies"
)

// hostile are names that must be shown as text and as nothing else.
var hostile = []string{
	`<script>document.title="owned"</script>`,
	`"><img src=x onerror="document.title='owned'">`,
	"two\nlines\tand a tab",
	"not UTF-8: \xff\xfe",
	"right-to-left \u202e override",
	`it's a "quoted" \ name`,
}

// misbehave makes pools, each with one fault, and works on them until the test
// ends.
func misbehave(t *testing.T, r *pool.Registry) {
	t.Helper()
	classes := func(name string, limit int64) *strategies.SizeClasses {
		return strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: r, Limit: limit}))
	}
	hung := new(hangs)
	hung.lock.Lock()
	t.Cleanup(hung.lock.Unlock)
	if _, err := r.Publish("payment.locks", hung, pool.Reject); err != nil {
		t.Fatal(err)
	}
	healthy, leaking, thrashing := classes("http.body", 32<<20), classes("session.state", 16<<20), classes("token.cache", 16<<20)
	kept := &keeper{pool: classes("order.events", 16<<20)}
	refusing, hoarding, closed := classes("report.pages", 256<<10), classes("image.tiles", 64<<20), classes("legacy.import", 1<<20)
	hold(closed, 10, 4096)
	closed.Close()
	hold(hoarding, 600, 64<<10)
	keepForEver(r, "image.tiles")
	quiet := classes("batch.nightly", 8<<20)
	t.Cleanup(quiet.Close) // and is not collected before
	waiting := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Name: "upload.chunks", Registry: r, Size: 32 << 10, Count: 2}))

	carts := strategies.Must(
		strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "cart.lines", Registry: r, Safety: strategies.SafetyStrict}),
	)
	session := openSession(carts)
	t.Cleanup(func() { carts.Put(session) })

	repeat(t, func(tick int) {
		checkOut(carts, tick%100 == 0)
		hold(healthy, 20+tick%40, 1<<(9+tick%8))
		if tick%50 == 0 {
			hold(hoarding, 1, 64<<10)
		}
		for range 4 {
			hold(leaking, 3, 2048)
		}
		leaking.Get(2048)
		kept.step()
		hold(thrashing, 25, 8192)
		thrashing.Trim(1 << 30)
		hold(refusing, 12, 60<<10)
	})
	for range 5 {
		work(t, func(ctx context.Context) {
			if b, err := waiting.Acquire(ctx); err == nil {
				pause(ctx, 15*time.Millisecond)
				waiting.Put(b)
			}
		})
	}
	for i, name := range hostile {
		p := classes(name, 1<<20)
		repeat(t, func(int) { hold(p, i, 1024) })
	}
}

// keeper takes two objects, and gives one of them back: the other stays referenced.
type keeper struct {
	pool pool.Bytes
	all  [][]byte
}

func (k *keeper) step() {
	k.pool.Put(k.pool.Get(500))
	k.all = append(k.all, k.pool.Get(500))
}

// hangs is a program's own Source that waits for a lock which nobody gives up.
type hangs struct{ lock sync.Mutex }

func (h *hangs) Stats(into *pool.Stats) {
	h.lock.Lock()
	defer h.lock.Unlock()
	into.Reset()
}

func openSession(p pool.Bytes) []byte { return p.Get(30_000) }

// checkOut gives the buffer back twice if it fails: an error path that forgets the
// deferred Put.
func checkOut(p pool.Bytes, fails bool) {
	b := p.Get(900)
	defer p.Put(b)
	if fails {
		p.Put(b)
	}
}

// keepForEver is the mistake that makes a pool hoard: an idle age without end.
func keepForEver(r *pool.Registry, name string) {
	for _, e := range r.All() {
		if tunable, ok := e.Source().(control.Tunable); ok && e.Name() == name {
			var s pool.Stats
			e.Stats(&s)
			for class := range s.Classes {
				tunable.SetIdleAge(class, 24*time.Hour)
			}
		}
	}
}

// hold takes n buffers of a size and gives them back.
func hold(p pool.Bytes, n, size int) {
	held := make([][]byte, n)
	for i := range held {
		held[i] = p.Get(size)
	}
	for _, b := range held {
		p.Put(b)
	}
}

// repeat calls fn fifty times a second until the test ends.
func repeat(t *testing.T, fn func(tick int)) {
	tick := 0
	work(t, func(ctx context.Context) {
		fn(tick)
		tick++
		pause(ctx, 20*time.Millisecond)
	})
}

// work calls fn over and over until the test ends.
func work(t *testing.T, fn func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			fn(ctx)
		}
	})
	t.Cleanup(func() { cancel(); done.Wait() })
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
