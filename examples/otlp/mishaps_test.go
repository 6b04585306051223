package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/strategies/codecs"
)

// mishap makes something go wrong, waits, and puts it right again.
type mishap func(c *chaos, r *rand.Rand, wait func())

// mishaps is what goes wrong, each again and again on a goroutine of its own.
var mishaps = map[string]mishap{
	"limits to 0":       (*chaos).limitsToZero,
	"over budget":       (*chaos).overBudget,
	"trims":             (*chaos).trim,
	"modes":             (*chaos).switchModes,
	"GC off":            (*chaos).collectorOff,
	"memory limit hit":  (*chaos).memoryLimitHit,
	"GOMAXPROCS":        (*chaos).changeProcs,
	"reloads":           (*chaos).reload,
	"hooks panic":       (*chaos).lightMines,
	"controller dies":   (*chaos).controllerDies,
	"pools come and go": (*chaos).comeAndGo,
	"clients vanish":    (*chaos).vanish,
	"the page is read":  func(c *chaos, _ *rand.Rand, wait func()) { c.page(); wait() },
}

// rage lets everything go wrong for so long, and returns how often what did.
func (c *chaos) rage(d time.Duration) map[string]int {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	applied := map[string]int{}
	var mu sync.Mutex
	var raging sync.WaitGroup
	for name, happen := range mishaps {
		raging.Go(func() {
			r := rand.New(rand.NewPCG(rand.Uint64(), 0))
			n := 0
			for ; ctx.Err() == nil; n++ {
				happen(c, r, func() { pause(ctx, r, 30*time.Millisecond) })
				pause(ctx, r, 60*time.Millisecond)
			}
			mu.Lock()
			defer mu.Unlock()
			applied[name] = n
		})
	}
	raging.Wait()
	c.configure(validDocuments[0])
	if err := c.app.conf.Reload(); err != nil {
		c.t.Error(err)
	}
	for name := range mishaps {
		if applied[name] == 0 {
			c.t.Errorf("%s: never happened in %v", name, d)
		}
	}
	return applied
}

// pause is the chaos's own pace.
func pause(ctx context.Context, r *rand.Rand, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Duration(r.Int64N(int64(most)))):
	}
}

// each calls f with every open pool of the gateway that is a P.
func each[P any](c *chaos, f func(name string, p P)) {
	for _, e := range c.app.registry.All() {
		if p, ok := e.Source().(P); ok && !strings.HasPrefix(e.Name(), "chaos.") {
			f(e.Name(), p)
		}
	}
}

func (c *chaos) limitsToZero(_ *rand.Rand, wait func()) {
	var undo []func()
	each(c, func(_ string, p control.Resizable) {
		limit := max(p.Limit(), 1<<20)
		p.SetLimit(0)
		undo = append(undo, func() { p.SetLimit(limit) })
	})
	wait()
	for _, f := range undo {
		f()
	}
}

func (c *chaos) overBudget(r *rand.Rand, wait func()) {
	b := c.app.registry.Budget()
	b.SetPressed(r.IntN(2) == 0)
	b.SetLimit(r.Int64N(2) << 20)
	b.Reclaim()
	wait()
	b.SetPressed(false)
	b.SetLimit(pool.Unlimited)
}

func (c *chaos) trim(_ *rand.Rand, wait func()) {
	each(c, func(_ string, p control.Resizable) { p.Trim(1 << 40) })
	wait()
}

// onceOff is the pool that is switched off at times: what is in use of it is
// unknown then, by contract. The others are switched to counting.
const onceOff = "gateway.gzip.readers"

func (c *chaos) switchModes(_ *rand.Rand, wait func()) {
	each(c, func(name string, p control.Switchable) {
		if name == onceOff {
			p.SetMode(control.ModeOff)
		} else {
			p.SetMode(control.ModeCount)
		}
	})
	wait()
	each(c, func(_ string, p control.Switchable) { p.SetMode(control.ModeOn) })
}

func (c *chaos) collectorOff(_ *rand.Rand, wait func()) {
	percent := debug.SetGCPercent(-1)
	wait()
	debug.SetGCPercent(percent)
}

func (c *chaos) memoryLimitHit(_ *rand.Rand, wait func()) {
	limit := debug.SetMemoryLimit(1)
	wait()
	debug.SetMemoryLimit(limit)
}

func (c *chaos) changeProcs(r *rand.Rand, wait func()) {
	procs := runtime.GOMAXPROCS(1 + r.IntN(6))
	wait()
	runtime.GOMAXPROCS(procs)
}

var validDocuments = []string{
	"budget: 128MiB\npools:\n  gateway.bodies: {limit: 48MiB}\n",
	"budget: 1MiB\npools:\n  gateway.*: {limit: 1MiB}\n  gateway.proxy: {limit: 2MiB}\n",
	`{"budget": "64MiB", "pools": {"gateway.bodies": {"limit": "2MiB", "mode": "count"}}}`,
}

var invalidDocuments = []string{
	"budget: lots\n", "pools: [", "pools:\n  gateway.bodies: {limit: -1}\n", "\x00", "pools:\n  gateway.bodies: {limt: 1MiB}\n",
}

func (c *chaos) configure(text string) {
	if err := os.WriteFile(c.file, []byte(text), 0o644); err != nil {
		c.t.Error(err)
	}
}

func (c *chaos) reload(r *rand.Rand, wait func()) {
	c.configure(invalidDocuments[r.IntN(len(invalidDocuments))])
	if err := c.app.conf.Reload(); err == nil {
		c.t.Error("an invalid document was applied")
	}
	wait()
	c.configure(validDocuments[r.IntN(len(validDocuments))])
	if err := c.app.conf.Reload(); err != nil {
		c.t.Error(err)
	}
}

// mines are panics in the functions of the gateway's pools.
type mines struct {
	lit   atomic.Bool
	steps atomic.Uint64
	fired atomic.Uint64 // in a request's own calls: that request gets no answer
}

// step panics once in a while.
func (m *mines) step() bool { return m.lit.Load() && m.steps.Add(1)%16 == 0 }

func (m *mines) stepInRequest() {
	if m.step() {
		m.fired.Add(1)
		panic("a mine in a request")
	}
}

func (m *mines) stepElsewhere() {
	if m.step() {
		panic("a mine elsewhere")
	}
}

// mine puts pools with mined functions in place of those of codecs, and an observer of
// waits that panics.
func (c *chaos) mine(p *pools) {
	p.gzips() // makes room for others of their names
	writers, readers, err := newCodecs(c.app.registry, c.mined)
	if err != nil {
		c.t.Fatal(err)
	}
	p.use(writers, readers)
	c.app.registry.OnWait(func(string, time.Duration) { c.mines.stepElsewhere() })
	c.app.registry.OnMisuse(func(pool.Misuse) { c.mines.stepElsewhere() })
}

// mined makes a pool of codecs whose functions are mined.
func (c *chaos) mined(b strategies.BoundedConfig[codecs.Idle]) (*strategies.Bounded[codecs.Idle], error) {
	m, newIdle, keep, size, discard := &c.mines, b.New, b.Keep, b.Size, b.Discard
	b.New = func() *codecs.Idle { m.stepInRequest(); return newIdle() }
	b.Keep = func(x *codecs.Idle) bool { m.stepInRequest(); return keep(x) }
	b.Reset = func(*codecs.Idle) { m.stepInRequest() }
	b.Size = func(x *codecs.Idle) int64 { m.stepInRequest(); return size(x) }
	b.Discard = func(x *codecs.Idle) { discard(x); m.stepElsewhere() }
	return poolconfig.NewBounded(c.app.conf.Config, b)
}

func (c *chaos) lightMines(_ *rand.Rand, wait func()) {
	c.mines.lit.Store(true)
	wait()
	c.mines.lit.Store(false)
}

// controllerDies lets a controller run, with an hour forth and back on its clock,
// signals that say anything, and an observer that panics, and ends it, which its
// signals may have done before.
func (c *chaos) controllerDies(r *rand.Rand, wait func()) {
	ctl, err := poolconfig.NewController(c.app.conf.Config, adaptive.Config{
		Registry: c.app.registry, Signals: &alarms{}, Interval: 20 * time.Millisecond, PressureInterval: 10 * time.Millisecond,
		Dwell: 10 * time.Millisecond, OnDecision: func(control.Decision) { c.mines.stepElsewhere() },
	})
	if err != nil {
		c.t.Error(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- ctl.Run(ctx) }()
	for range 1 + r.IntN(4) {
		c.stepSafely(ctl, time.Now().Add(time.Duration(r.IntN(3)-1)*time.Hour))
		wait()
	}
	cancel()
	if err := <-done; err != nil && !strings.Contains(err.Error(), "the alarm is broken") {
		c.t.Error(err)
	}
	ctl.Close()
}

// stepSafely makes a step; that its signals panic is the caller's to bear.
func (c *chaos) stepSafely(ctl *adaptive.Controller, now time.Time) {
	defer func() {
		if v := recover(); v != nil && fmt.Sprint(v) != "the alarm is broken" {
			c.t.Error(v)
		}
	}()
	ctl.Step(now)
}

// alarms are signals of any pressure, that break now and then.
type alarms struct{ cycles uint64 }

func (a *alarms) Read(_ time.Time, into *adaptive.Reading) {
	if rand.IntN(40) == 0 {
		panic("the alarm is broken")
	}
	a.cycles++
	into.Heap = adaptive.HeapReading{Limit: 1 << 30, Live: rand.Int64N(1 << 30), Cycles: a.cycles}
	into.Cgroup.Err = "no control group in the chaos"
}

func (*alarms) Watch(ctx context.Context, wake func(control.Trigger)) error {
	for ctx.Err() == nil {
		wake(control.TriggerPSI)
		select {
		case <-ctx.Done():
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// comeAndGo opens pools, uses them across their closing, and lets one go that
// somebody waits for.
func (c *chaos) comeAndGo(_ *rand.Rand, wait func()) {
	bytes := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "chaos.passing", Registry: c.app.registry}))
	fixed := strategies.Must(
		strategies.NewFixed(strategies.FixedConfig{Name: "chaos.fixed", Registry: c.app.registry, Size: 1000, Count: 1}),
	)
	a, b := bytes.Get(1000), fixed.Get()
	waited := make(chan []byte)
	go func() {
		b, _ := fixed.Acquire(context.Background())
		waited <- b
	}()
	wait()
	bytes.Put(bytes.Get(5000))
	bytes.Close()
	fixed.Close()
	bytes.Put(a)
	bytes.Put(bytes.Get(1000))
	fixed.Put(b)
	fixed.Put(<-waited)
}

// vanish is a client that goes away in the middle of its request.
func (c *chaos) vanish(r *rand.Rand, wait func()) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.app.service.url, "http://"))
	if err != nil {
		c.t.Error(err)
		return
	}
	defer conn.Close()
	body, _ := secret(r, 99, 0)
	fmt.Fprintf(conn, "POST /ingest HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)-r.IntN(len(body)/2)])
	wait()
}
