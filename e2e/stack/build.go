package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/e2e/internal/built"
)

type programs struct{ gateway, collector, store string }

// build gets the programs, and tells how far it is while it takes long.
func build(ctx context.Context, dir string, out io.Writer) (p programs, err error) {
	parts := []part{
		{name: "collector", path: &p.collector, make: built.Collector.Binary},
		{name: "VictoriaMetrics", path: &p.store, make: built.VictoriaMetrics.Binary},
		{
			name: "gateway",
			path: &p.gateway,
			make: func(ctx context.Context, w io.Writer) (string, error) { return built.Gateway.Into(ctx, dir, w) },
		},
	}
	start := time.Now()
	var wg sync.WaitGroup
	for i := range parts {
		wg.Go(func() { parts[i].get(ctx) })
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for tick := time.NewTicker(5 * time.Second); ; {
		select {
		case <-tick.C:
			fmt.Fprintf(out, "building, %3.0f s:%s\n", time.Since(start).Seconds(), progress(parts))
		case <-done:
			tick.Stop()
			for i := range parts {
				err = errors.Join(err, parts[i].err)
			}
			return p, err
		}
	}
}

// part is a program in the making.
type part struct {
	name     string
	path     *string
	make     func(context.Context, io.Writer) (string, error)
	packages atomic.Int64
	done     atomic.Bool
	err      error
}

func (p *part) get(ctx context.Context) {
	*p.path, p.err = p.make(ctx, p)
	p.done.Store(true)
}

// Write counts the packages that go build -v names, one a line.
func (p *part) Write(b []byte) (int, error) {
	p.packages.Add(int64(bytes.Count(b, []byte("\n"))))
	return len(b), nil
}

func progress(parts []part) (line string) {
	for i := range parts {
		p := &parts[i]
		word := "ready"
		if !p.done.Load() {
			word = fmt.Sprintf("%d packages", p.packages.Load())
		}
		line += fmt.Sprintf("  %s %s", p.name, word)
	}
	return line
}
