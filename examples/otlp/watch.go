package main

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// view is what is shown of one second.
type view struct {
	title   string
	pools   []poolView
	now     figures
	without *figures // the calibration; nil if there was none
	pooling bool
	control *control.Stats // nil: there is none
	at      time.Time      // of control
	export  string         // a line about where metrics go, and one about the configuration if there is something to say
}

// poolView is a pool's figures over an interval.
type poolView struct {
	stats   pool.Stats // differences since the last second; what is held now
	seconds float64
}

// watcher reads the pools and the runtime once a second.
type watcher struct {
	registry *pool.Registry
	meter    *meter
	last     reading
	before   map[string]*pool.Stats
	pools    []poolView
}

func newWatcher(r *pool.Registry, m *meter) *watcher {
	w := &watcher{registry: r, meter: m, before: map[string]*pool.Stats{}}
	w.next()
	return w
}

// next is what happened since the call before. The slice is reused.
func (w *watcher) next() ([]poolView, figures) {
	now := w.meter.read()
	seconds := now.at.Sub(w.last.at).Seconds()
	w.pools = w.pools[:0]
	for _, e := range w.registry.All() {
		var v poolView
		e.Stats(&v.stats)
		if v.stats.Closed {
			continue
		}
		v.stats.Classes = nil
		v.seconds = seconds
		total := v.stats
		if last := w.before[e.Name()]; last != nil {
			v.stats.Sub(last)
		}
		w.before[e.Name()] = &total
		w.pools = append(w.pools, v)
	}
	f := between(w.last, now)
	w.last = now
	return w.pools, f
}

// totals is the final figures of every pool of a registry.
func totals(r *pool.Registry) []pool.Stats {
	all := make([]pool.Stats, len(r.All()))
	for i, e := range r.All() {
		e.Stats(&all[i])
	}
	return all
}

// settleTime is how long settled waits at most.
const settleTime = 500 * time.Millisecond

// settled waits until the pools' figures have stopped moving: collections that
// are still at work count what they take.
func settled(r *pool.Registry) {
	last := totals(r)
	const step = 10 * time.Millisecond
	for quiet, waited := 0, time.Duration(0); quiet < 2 && waited < settleTime; waited += step {
		time.Sleep(step)
		now := totals(r)
		quiet++
		for i := range now {
			if i >= len(last) || now[i].Counts != last[i].Counts {
				quiet = 0
			}
		}
		last = now
	}
}
