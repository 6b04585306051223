package poolconfig

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a document has to lie still before it is read: editors
// write in steps.
const settle = 100 * time.Millisecond

// Watch reloads the configuration when the program gets SIGHUP and when the
// document changes, until ctx is done. report is told what came of each reload:
// nil when it took effect. It may be nil, and runs on Watch's goroutine.
//
// The document's directory is watched, so a file that is replaced is seen, as
// editors and Kubernetes do it; the directory must exist. Where files cannot be
// watched, report is told and SIGHUP still works. A file whose content is the same
// as before is not reloaded; SIGHUP always does.
func (c *Config) Watch(ctx context.Context, report func(error)) {
	if c == nil {
		<-ctx.Done()
		return
	}
	if report == nil {
		report = func(error) {}
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	w, err := c.watchFile()
	if err != nil {
		report(err)
	}
	var events <-chan fsnotify.Event
	var faults <-chan error
	if w != nil {
		defer w.Close()
		events, faults = w.Events, w.Errors
	}
	c.follow(ctx, hangups, events, faults, report)
}

// watchFile watches the document's directory, if there is a document.
func (c *Config) watchFile() (*fsnotify.Watcher, error) {
	file := c.File()
	if file == "" {
		return nil, nil
	}
	w, err := fsnotify.NewWatcher()
	if err == nil {
		if err = w.Add(filepath.Dir(file)); err == nil {
			return w, nil
		}
		_ = w.Close()
	}
	return nil, fmt.Errorf("poolconfig: cannot watch %s, but SIGHUP reloads it: %w", file, err)
}

// follow reloads until ctx is done.
func (c *Config) follow(ctx context.Context, hangups <-chan os.Signal, events <-chan fsnotify.Event, faults <-chan error, report func(error)) {
	seen := c.state.Load().text
	still := time.NewTimer(0) // at first for what changed before the watch began
	defer still.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			report(c.Reload())
		case err := <-faults: // for one that events were lost: look for ourselves
			report(fmt.Errorf("poolconfig: watching %s: %w", c.File(), err))
			still.Reset(settle)
		case <-events:
			still.Reset(settle)
		case <-still.C:
			if now := c.content(); now != seen {
				seen = now
				report(c.Reload())
			}
		}
	}
}

// content is what is in the document, or why nothing can be read.
func (c *Config) content() string {
	if c.File() == "" {
		return ""
	}
	text, err := readFile(c.File())
	if err != nil {
		return err.Error()
	}
	return string(text)
}
