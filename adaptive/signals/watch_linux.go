package signals

import (
	"context"
	"sync/atomic"
	"time"
)

// watcher waits for one source of events for as long as watch runs. Its other
// methods are for the goroutine that reads.
type watcher struct {
	open  func() (listener, error) // nil if there is nothing to watch
	state atomic.Pointer[string]   // why it is not listening; "" when it is
	fired atomic.Bool
	age   atomic.Int64 // since it fired
}

// listener calls fired for every event until it is closed or fails.
type listener interface {
	listen(fired func()) error
	Close() error
}

const notWatched = "not watched: the controller is not running"

func newWatcher(open func() (listener, error), why string) *watcher {
	w := &watcher{open: open}
	w.tell(why)
	return w
}

func (w *watcher) watch(ctx context.Context, wake func()) {
	if w.open == nil {
		return
	}
	for goesOn := ctx.Err() == nil; goesOn; goesOn = pause(ctx, lookAgainAfter, nil) {
		err := w.listenOnce(ctx, wake)
		if ctx.Err() != nil {
			w.tell(notWatched)
			return
		}
		w.tell(err.Error())
	}
}

func (w *watcher) listenOnce(ctx context.Context, wake func()) error {
	l, err := w.open()
	if err != nil {
		return err
	}
	defer l.Close()
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	w.tell("")
	return l.listen(func() {
		w.age.Store(0)
		w.fired.Store(true)
		wake()
	})
}

func (w *watcher) tell(state string) { w.state.Store(&state) }

// take tells how the watcher fares, and whether it fired since it was asked
// before.
func (w *watcher) take() (Status, bool) {
	return Status{Age: time.Duration(w.age.Load()), Err: *w.state.Load()}, w.fired.Swap(false)
}
