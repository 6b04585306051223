// Package ask calls what a program has published, and does not wait for ever: a
// Source's Stats may hang on a lock, or call the very page that asks it. Whoever
// shows all pools then goes on with the others.
package ask

import (
	"sync"
	"time"
)

const (
	// patience is how long a round waits for answers, all together.
	patience = 500 * time.Millisecond
	// least is what each gets when that is used up. One that is merely slow may miss
	// a round then.
	least = 20 * time.Millisecond
	// parts is into how many waits patience is divided, each of which the whole process
	// may be stopped in, or without a processor.
	parts = 10
	// ahead is how many answers may wait for the round to take them: with one P, that
	// many for each switch between the two goroutines.
	ahead = 8
)

// Asker asks those of keys K, each at most once at a time, so that one which never
// answers costs one goroutine. The zero Asker is ready to use, by several rounds at
// a time.
type Asker[K comparable, A any] struct {
	mu    sync.Mutex
	open  map[K]call // asked, and not answered yet
	lines sync.Pool  // of *line, of rounds in which all answered
}

// call is a call under way.
type call struct {
	since time.Time
	done  chan struct{} // closed when it has returned; nil while nobody waits for that
}

// Each calls read for each key, in order, on a goroutine of its own, and yield on
// the caller's with what read filled in, which is valid until yield returns. For a
// key whose read has not returned in time, yield gets nil and when it was called, or
// now if it has returned meanwhile; it is not called again before that. read must not panic.
func (a *Asker[K, A]) Each(keys []K, read func(K, *A), yield func(i int, value *A, since time.Time)) {
	left := patience
	for first := 0; first < len(keys); {
		first = a.round(keys, first, read, yield, &left)
	}
}

// round asks from the key first on, until one does not answer, and returns where to
// go on.
func (a *Asker[K, A]) round(keys []K, first int, read func(K, *A), yield func(int, *A, time.Time), left *time.Duration) int {
	l, whole := a.line(), false
	defer func() {
		if whole {
			a.lines.Put(l)
		} else {
			close(l.gone)
		}
	}()
	go a.read(l, keys[first:], read)
	for i := first; i < len(keys); i++ {
		value, ok := l.take(left)
		if value == nil {
			yield(i, nil, a.since(keys[i]))
		} else {
			yield(i, value, time.Time{})
			l.free <- value
		}
		if !ok {
			return i + 1
		}
	}
	whole = true
	return len(keys)
}

// read answers for each key, until the round is gone.
func (a *Asker[K, A]) read(l *line[A], keys []K, read func(K, *A)) {
	for _, key := range keys {
		select { // first, since those below choose at random if both are ready
		case <-l.gone:
			return
		default:
		}
		var value *A
		select {
		case value = <-l.free:
		case <-l.gone:
			return
		}
		answer := a.ask(key, value, read)
		if answer == nil {
			l.free <- value // has room for all there are
		}
		select {
		case l.answers <- answer:
		case <-l.gone:
			return
		}
	}
}

// ask calls read and returns the value, or nil if another round's call is under way
// and stays so.
func (a *Asker[K, A]) ask(key K, value *A, read func(K, *A)) *A {
	for {
		c, own := a.begin(key)
		if own {
			a.call(key, value, read)
			return value
		}
		select {
		case <-c.done:
		case <-time.After(patience - time.Since(c.since)):
			return nil
		}
	}
}

func (a *Asker[K, A]) call(key K, value *A, read func(K, *A)) {
	defer a.end(key) // also where read ends the goroutine
	read(key, value)
}

// begin makes the call of a key, or finds the one that is under way.
func (a *Asker[K, A]) begin(key K) (c call, own bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, found := a.open[key]
	switch {
	case !found && a.open == nil:
		a.open = map[K]call{}
		fallthrough
	case !found:
		c.since = time.Now()
	case c.done == nil:
		c.done = make(chan struct{})
	}
	a.open[key] = c
	return c, !found
}

func (a *Asker[K, A]) end(key K) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.open[key]; c.done != nil {
		close(c.done)
	}
	delete(a.open, key)
}

// since is when the call of a key began that is under way; now if none is.
func (a *Asker[K, A]) since(key K) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, found := a.open[key]; found {
		return c.since
	}
	return time.Now()
}
