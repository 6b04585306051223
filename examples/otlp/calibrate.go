package main

import (
	"context"
	"time"
)

// calibrate measures the gateway without pooling: the same handler, load and
// HTTP path, against the built-in upstream, so that no foreign one gets the
// load twice. The first fifth warms connections up and does not count.
func calibrate(ctx context.Context, c *config, src source) (figures, error) {
	p, err := unpooled("", nil)
	if err != nil {
		return figures{}, err
	}
	s, err := serve("127.0.0.1:0", "", p, c.limits(), 0)
	if err != nil {
		return figures{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.calibrate)
	defer cancel()
	l := newLoad(s.url)
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run(ctx, newArrivals(c.rate, c.scenario, c.seed), src)
	}()
	f := measure(newMeter(&l.traffic), c.calibrate/5, done)
	drain, stop := context.WithTimeout(context.Background(), drainTime)
	defer stop()
	s.stop(drain)
	p.close()
	return f, nil
}

// measure is the figures from the end of the warm-up until done, the heap
// averaged over that time.
func measure(m *meter, warmUp time.Duration, done <-chan struct{}) figures {
	select {
	case <-done:
	case <-time.After(warmUp):
	}
	from := m.read()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	heap, n := from.heap, uint64(1)
	for {
		select {
		case <-tick.C:
			heap, n = heap+m.read().heap, n+1
		case <-done:
			f := between(from, m.read())
			f.Heap = heap / n
			return f
		}
	}
}
