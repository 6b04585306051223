package poolconfig

import (
	"context"
	"fmt"
	"os"
	"time"
)

// Watch reads the document every lookEvery. If the document differs at patience
// readings in a row, it is taken as it is, so that one that somebody keeps
// writing is reloaded too.
const (
	lookEvery = time.Second
	patience  = 5
)

// Watch reloads the configuration when the program gets SIGHUP and when the
// document changes, until ctx is done. It calls report with the error of each
// reload, nil if the reload took effect, on its own goroutine; report may be
// nil.
//
// Watch reads the document once a second, by its path, and reloads it when two
// reads in a row agree, or after five that do not. It does not use file events:
// they miss links and directories that are replaced along the path, network
// file systems have none, and their number is limited. If there is no file,
// Watch reports it once and keeps looking. Watch reads only regular files; a
// pipe is read only at SIGHUP. An unchanged document is not reloaded; SIGHUP
// always reloads. js/wasm has no SIGHUP.
func (c *Config) Watch(ctx context.Context, report func(error)) {
	if c == nil {
		<-ctx.Done()
		return
	}
	if report == nil {
		report = func(error) {}
	}
	hangups, stop := hangups()
	defer stop()
	var ticks <-chan time.Time
	if c.File() != "" {
		ticks = time.Tick(lookEvery)
	}
	var w watch
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			report(c.Reload())
		case <-ticks:
			c.tick(&w, report)
		}
	}
}

// tick looks at the document, and reloads it if that is due.
func (c *Config) tick(w *watch, report func(error)) {
	switch now := c.look(); {
	case !w.due(now, *c.taken.Load()):
	case now.err != nil:
		c.taken.Store(&now)
		report(now.err)
	default:
		report(c.Reload())
	}
}

// reading is the document as read at one time.
type reading struct {
	text string
	err  error // why it could not be read
}

// same compares errors by their text: each failed read makes a new one.
func (r reading) same(as reading) bool {
	return r.text == as.text && fmt.Sprint(r.err) == fmt.Sprint(as.err)
}

// watch decides which readings of a document lead to a reload.
type watch struct {
	last     reading
	restless int // readings in a row that differ from the document taken last
}

// due reports whether to take the reading now: it differs from the one taken
// last, and either equals the reading before or the document keeps changing.
func (w *watch) due(now, taken reading) bool {
	rests := now.same(w.last)
	w.last = now
	if now.same(taken) {
		w.restless = 0
		return false
	}
	w.restless++
	if !rests && w.restless < patience {
		return false
	}
	w.restless = 0
	return true
}

// look reads the document unless that could block, as it may on a pipe.
func (c *Config) look() reading {
	info, err := os.Stat(c.File())
	if err == nil && !info.Mode().IsRegular() {
		return reading{err: fmt.Errorf("poolconfig: the document: %s is no regular file: only SIGHUP reloads it", c.File())}
	}
	return c.readDocument()
}
