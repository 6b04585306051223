package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otelpool/pool"
)

var chaosTime = flag.Duration("chaos", 10*time.Second, "how long TestEverythingGoesWrongAtOnce lasts")

// A round of the chaos is a gateway's life: all goes well, all goes wrong, all is
// well again, and the pools are closed under load. It takes this long, and a few
// seconds at most for what is counted and not timed.
const chaosRound = 20 * time.Second

// Everything that can go wrong with pools does, in the real gateway and at once,
// again and again. All along, clients hold every byte of every answer against what
// only they have sent. Nothing is lost, nothing is mixed up, and afterwards
// everything is as it was before.
func TestEverythingGoesWrongAtOnce(t *testing.T) { // not in parallel: it turns the runtime's knobs
	if testing.Short() {
		t.Skip("takes 10 s")
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1") // nobody is there
	t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "100")
	t.Setenv("OTEL_METRIC_EXPORT_TIMEOUT", "100")
	for end := time.Now().Add(*chaosTime); ; {
		left := time.Until(end)
		if left < chaosRound/8 || t.Failed() {
			return
		}
		c := newChaos(t)
		c.live(min(left, chaosRound))
		c.end()
	}
}

// chaos is a gateway to which everything happens.
type chaos struct {
	*witnesses
	t     *testing.T
	app   *app
	up    echo
	mines mines
	file  string // the configuration
	out   bytes.Buffer
	errs  safeBuffer

	stopUp  func() error
	unwatch func()
	worked  chan struct{}
}

// safeBuffer is a bytes.Buffer for several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{t: t, file: filepath.Join(t.TempDir(), "pools.yaml"), worked: make(chan struct{})}
	c.configure(validDocuments[0])
	server, addr, err := listenAndServe("127.0.0.1:0", &c.up)
	if err != nil {
		t.Fatal(err)
	}
	c.stopUp = server.Close
	conf, err := parseFlags([]string{"-scenario", "none", "-listen", "127.0.0.1:0", "-controller", "off", // the chaos has its own
		"-upstream", "http://" + addr + "/", "-config", c.file})
	if err != nil {
		t.Fatal(err)
	}
	c.app = &app{config: conf, registry: new(pool.Registry), out: &c.out, err: &c.errs, screen: newScreen(&c.out)}
	if err := c.app.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.mine(c.app.pools)
	c.witnesses = &witnesses{url: c.app.service.url + "/ingest"}
	ctx, cancel := context.WithCancel(context.Background())
	c.unwatch = cancel
	go func() { defer close(c.worked); c.app.work(ctx) }()
	return c
}

// live goes through a round.
func (c *chaos) live(d time.Duration) {
	const clients = 8
	stop := c.start(clients)
	c.await(c.t, 200)
	before := c.hitRatio(300)

	applied := c.rage(d / 2)
	c.recovers(before)
	stop()
	c.check("after the chaos")

	stop = c.start(clients)
	c.app.pools.close()
	c.await(c.t, 300)
	stop()
	c.check("after the pools were closed")
	for _, s := range totals(c.app.registry) {
		if s.Strategy != "wrap" && !strings.HasPrefix(s.Name, "chaos.") && s.Requests[pool.RequestClosed] == 0 {
			c.t.Errorf("%s: no request was counted as closed: %v", s.Name, s.Requests)
		}
	}
	c.t.Logf("%d answers verified; of %d lost, %d panics in their handlers account; caught: %d panics; applied: %v",
		c.verified.Load(), c.lost.Load(), c.mines.fired.Load(), c.caught(), applied)
}

// end ends the gateway as the program does.
func (c *chaos) end() {
	c.unwatch()
	<-c.worked
	if err := c.app.finish(); err != nil {
		c.t.Error(err)
	}
	if err := c.stopUp(); err != nil {
		c.t.Error(err)
	}
	if !strings.Contains(c.errs.String(), "export") {
		c.t.Errorf("nobody was told that the collector is down: %q", c.errs.String())
	}
}

func (c *chaos) caught() uint64 {
	n, _ := c.app.registry.Panics()
	return n
}

// hitRatio is the bodies' over so many more answers.
func (c *chaos) hitRatio(answers uint64) float64 {
	c.t.Helper()
	before := c.bodies()
	c.await(c.t, answers)
	s := c.bodies()
	s.Sub(before)
	return s.HitRatio()
}

func (c *chaos) bodies() *pool.Stats {
	for _, e := range c.app.registry.All() {
		if e.Name() == bodiesPool {
			s := new(pool.Stats)
			e.Stats(s)
			return s
		}
	}
	c.t.Fatal("the bodies' pool is gone")
	return nil
}

// recovers waits until the hit ratio is what it was.
func (c *chaos) recovers(before float64) {
	c.t.Helper()
	now := 0.0
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if now = c.hitRatio(200); now >= before-0.05 {
			return
		}
	}
	c.t.Errorf("a minute after the chaos %.1f %% of requests are hits; before there were %.1f %%", 100*now, 100*before)
}

// check says what must hold while nobody uses the gateway.
func (c *chaos) check(when string) {
	c.t.Helper()
	if wrong := c.faults(); len(wrong) > 0 {
		c.t.Errorf("%s: %d answers were wrong, the first: %s", when, len(wrong), wrong[0])
	}
	if n := c.up.broken.Load(); n > 0 {
		c.t.Errorf("%s: upstream got %d broken bodies", when, n)
	}
	if lost, fired := c.lost.Load(), c.mines.fired.Load(); lost > fired {
		c.t.Errorf("%s: %d requests were lost, and only %d handlers panicked", when, lost, fired)
	}
	var wrong []string
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(10 * time.Millisecond) { // handlers may still be ending
		wrong = wrong[:0]
		for _, s := range totals(c.app.registry) {
			wrong = append(wrong, c.lawsBroken(&s)...)
		}
		if len(wrong) == 0 {
			break
		}
		if time.Now().After(deadline) {
			c.t.Errorf("%s: %s", when, strings.Join(wrong, "; "))
			break
		}
	}
	if held := c.app.service.gateway.intake.held.Load(); held != 0 {
		c.t.Errorf("%s: %d bytes of bodies are held", when, held)
	}
}

// lawsBroken is what is wrong with a pool's figures. They are those of all pools
// that had the name.
func (c *chaos) lawsBroken(s *pool.Stats) (wrong []string) {
	wrongIf := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, s.Name+": "+fmt.Sprintf(format, args...))
		}
	}
	wrongIf(s.Name != onceOff && s.HandedOut() != s.TakenBack(), "%d handed out, %d taken back", s.HandedOut(), s.TakenBack())
	idle := int64(s.Prewarmed + s.Returns[pool.Pooled] - s.Requests[pool.Hit] - s.Evicted())
	wrongIf(s.Knows.Has(pool.KnowsIdle) && s.Idle != idle, "%d idle, should be %d", s.Idle, idle)
	wrongIf(s.Closed && s.Knows.Evictions.Has(int(pool.EvictClosed)) && idle != 0, "%d idle in a closed pool", idle)
	wrongIf(s.Knows.Has(pool.KnowsLimit|pool.KnowsIdleBytes) && s.IdleBytes > s.Limit, "%d bytes idle, limit %d", s.IdleBytes, s.Limit)
	for kind, n := range s.Misuse {
		wrongIf(n > 0, "%d cases of %v", n, pool.MisuseKind(kind))
	}
	return wrong
}

// page reads the live page, which has to answer whatever happens.
func (c *chaos) page() {
	resp, err := http.Get(c.app.page.url)
	if err == nil {
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		c.t.Errorf("the live page: %v %v", resp, err)
	}
}
