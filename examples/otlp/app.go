package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
	"github.com/otelpool/pool/syncpools"
)

// drainTime is how long requests under way may take at the end. With settleTime and
// flushTime it stays clearly below the 10 s after which Docker kills.
const drainTime = 3 * time.Second

// gatewayRun is one run from calibration to summary.
func gatewayRun(ctx context.Context, c *config, r *pool.Registry, stdout, stderr io.Writer) error {
	if c.printConfig {
		return printConfig(c, r, stdout)
	}
	a := &app{config: c, registry: r, screen: newScreen(stdout), out: stdout, err: stderr}
	defer func() {
		a.stopCensus()
		a.control.close()
		if a.pools != nil {
			a.pools.close()
		}
	}()
	if err := a.prepare(ctx); err != nil {
		return err
	}
	if err := a.compare(ctx); err != nil {
		return err
	}
	a.work(ctx)
	return a.finish()
}

// app is a run of the gateway.
type app struct {
	config   *config
	registry *pool.Registry
	out, err io.Writer
	screen   *screen
	service  *service
	conf     *configuration
	page     *debugPage
	pools    *pools
	control  *sizer
	exports  *telemetry
	files    []string
	census   *syncpools.Census
	summary  summary
}

// prepare does everything that can fail, before anything is sent.
func (a *app) prepare(ctx context.Context) (err error) {
	c := a.config
	if c.fromFiles() {
		if a.files, err = inputFiles(c.inputs); err != nil {
			return err
		}
	}
	if c.summaryJSON != "" {
		if err := os.WriteFile(c.summaryJSON, nil, 0o644); err != nil {
			return fmt.Errorf("-summary-json: %w", err)
		}
	}
	if a.conf, err = configure(c.configFile, a.registry); err != nil {
		return err
	}
	if c.noPool {
		a.pools, err = unpooled(bodiesPool, a.registry)
	} else {
		a.pools, err = pooled(a.registry, a.conf.Config)
	}
	if err != nil {
		return err
	}
	if a.control, err = newControl(c, a.registry, a.conf.Config); err != nil {
		return err
	}
	if a.service, err = serve(c.listen, c.upstream, a.pools, c.limits(), c.leaks()); err != nil {
		return err
	}
	if a.page, err = serveDebug(c.debug, a.registry, a.conf); err != nil {
		a.service.stop(ctx)
		return err
	}
	if c.syncPools {
		a.startCensus()
	}
	if a.exports, err = startTelemetry(ctx, a.registry, a.conf.ClassMetrics(bodiesPool), a.warn); err != nil {
		a.page.stop(ctx)
		a.service.stop(ctx)
		return err
	}
	a.registry.OnMisuse(func(m pool.Misuse) {
		a.warn(fmt.Sprintf("pool %s: a buffer was misused (%v): %s", m.Pool, m.Kind, m.Culprit().Site()))
	})
	a.summary.Pooling = !c.noPool
	return nil
}

// compare runs the calibration, if there is a load and something to compare.
func (a *app) compare(ctx context.Context) error {
	c := a.config
	if c.calibrate == 0 || c.scenario == "none" || c.noPool {
		return nil
	}
	fmt.Fprintf(a.out, "measuring %v without pooling, to compare …\n", c.calibrate)
	f, err := calibrate(ctx, c, a.source(true))
	if err != nil {
		return fmt.Errorf("calibration: %w", err)
	}
	a.summary.Without = &f
	return nil
}

func (a *app) source(repeat bool) source {
	if !a.config.fromFiles() {
		return newCorpus(a.config.seed)
	}
	return &fileSource{
		files: a.files, repeat: repeat, warn: func(err error) { a.warn(err.Error()) },
		bodies: strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{})),
	}
}

// warn says what is wrong and does not stop the service. On a terminal the
// table has a line for it.
func (a *app) warn(text string) {
	if !a.screen.live() {
		fmt.Fprintf(a.err, "otlp: warning: %s\n", text)
	}
}

// work serves, drives itself and shows what happens, until it is time to stop.
func (a *app) work(ctx context.Context) {
	c := a.config
	fmt.Fprintf(a.out, "POST %s/ingest takes NDJSON; %s\n", a.service.url, a.exports.status())
	if a.page != nil {
		fmt.Fprintf(a.out, "the pools, live: %s\n", a.page.url)
	}
	a.control.start(a.warn)
	defer a.control.pause()
	watching, unwatch := context.WithCancel(ctx)
	wait := a.conf.watch(watching, a.warn)
	defer func() { unwatch(); wait() }()
	src := a.source(c.duration > 0)
	if c.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.duration)
		defer cancel()
	}
	if c.scenario == "none" {
		a.watch(newWatcher(a.registry, newMeter(&a.service.gateway.traffic)), ctx.Done())
		return
	}
	if c.scenario == "squeeze" {
		defer startSqueeze(ctx, c.cycle)()
	}
	l, done := newLoad(a.service.url), make(chan struct{})
	w := newWatcher(a.registry, newMeter(&l.traffic))
	go func() {
		defer close(done)
		l.run(ctx, newArrivals(c.rate, c.scenario, c.seed), src)
	}()
	a.watch(w, done)
}

// watch shows a view each second until the load is done.
func (a *app) watch(w *watcher, done <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	start, from := w.last, w.last
	first := totals(a.registry)
	var heap, seconds uint64
	for running := true; running; {
		select {
		case <-tick.C:
			v := view{
				title:   a.title(time.Since(start.at)),
				without: a.summary.Without,
				pooling: !a.config.noPool,
				export:  a.exports.status() + a.conf.status(),
			}
			v.control, v.at = a.control.stats(), time.Now()
			v.pools, v.now = w.next()
			a.screen.show(&v, time.Since(start.at))
			heap, seconds = heap+v.now.Heap, seconds+1
			if seconds == 1 {
				from, first = w.last, totals(a.registry)
			}
		case <-done:
			running = false
		}
	}
	end := w.meter.read()
	a.summary.Run, a.summary.Steady = between(start, end), between(from, end)
	if seconds > 0 {
		a.summary.Run.Heap, a.summary.Steady.Heap = heap/seconds, heap/seconds
	}
	a.summary.steady = map[string]pool.Counts{}
	for i, s := range totals(a.registry) {
		if i < len(first) {
			s.Counts.Sub(&first[i].Counts)
		}
		a.summary.steady[s.Name] = s.Counts
	}
}

func (a *app) title(at time.Duration) string {
	c := a.config
	work := fmt.Sprintf("%s, %.0f/s", c.scenario, c.rate)
	if c.fromFiles() {
		work = fmt.Sprintf("%d files, %.0f/s", len(a.files), c.rate)
	}
	of := ""
	if c.duration > 0 {
		of = " of " + c.duration.String()
	}
	return fmt.Sprintf("otelpool gateway  %s/ingest  %s  %s%s", a.service.url, work, at.Round(time.Second), of)
}

// finish drains, exports the last figures and prints them. No collection may
// come between the two: it would count what it takes from the pools.
func (a *app) finish() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	a.page.stop(ctx)
	a.service.stop(ctx)
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	settled(a.registry)
	a.exports.stop()
	a.summary.stats = totals(a.registry)
	a.summary.refused(&a.service.gateway.traffic)
	a.summary.Controller = controlTotalsOf(a.control.stats())
	a.summary.print(a.out)
	if a.exports.provider == nil || a.screen.live() {
		fmt.Fprintln(a.out, a.exports.status())
	}
	if a.config.summaryJSON == "" {
		return nil
	}
	if err := a.summary.writeJSON(a.config.summaryJSON); err != nil {
		return fmt.Errorf("-summary-json: %w", err)
	}
	return nil
}
