//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
)

// Census reads the program's sync.Pools, from Start to Stop. Its methods are safe
// for concurrent use.
type Census struct {
	config    Config
	cleanupAt uintptr // the runtime's variable that has the hook

	mu      sync.Mutex // guards what follows; no Get or Put wants it
	known   map[uintptr]*entry
	rows    map[string]*row
	sizings map[unsafe.Pointer]*sizing
	fresh   [64]*sync.Pool // of one look at the list
	epoch   uint64
	read    time.Time
	unknown int // pools in use when the last collection began that are not shown
	foreign displacement
	stopped bool
	several bool  // the layout is proved for several Ps
	failed  error // why nothing is read any more
}

// running is the one census that there can be: the hook is the process's.
var running atomic.Pointer[Census]

// tooSoon is how long a reading is good for those who ask one after the other.
const tooSoon = 10 * time.Millisecond

// Start begins a census. It proves the layout of sync.Pool in this program, which
// takes some milliseconds, and runs one garbage collection, at which the pools that
// are in use are found. It is an error to start a second one before the
// first is stopped, and where something is not as expected, which the error names:
// nothing is read then.
func Start(c Config) (*Census, error) {
	if c.Registry == nil {
		c.Registry = pool.Default
	}
	s := &Census{config: c, known: make(map[uintptr]*entry), rows: make(map[string]*row), sizings: make(map[unsafe.Pointer]*sizing)}
	if !running.CompareAndSwap(nil, s) {
		return nil, errors.New("syncpools: a census is running: stop it first")
	}
	if err := s.install(); err != nil {
		running.CompareAndSwap(s, nil)
		return nil, fmt.Errorf("syncpools: %w", err)
	}
	runtime.GC()
	s.afterCollection()
	return s, nil
}

// install proves what is relied on, and registers the hook.
func (s *Census) install() error {
	if err := prove(); err != nil {
		return err
	}
	list, err := findAllPools()
	if err != nil {
		return err
	}
	at, before, err := findCleanup()
	if err != nil {
		return err
	}
	s.cleanupAt, s.several = at, runtime.GOMAXPROCS(0) > 1
	setHook(list, ofClosure(before))
	return nil
}

// Stop ends the census: the hook and every New are as they were before, and the
// pools' names are withdrawn. If another program's hook has come between, ours
// stays and only passes on. Stopping twice does nothing.
func (s *Census) Stop() {
	if !s.uninstall() {
		return
	}
	for _, r := range s.rows { // nothing is added any more
		r.pub.Release() // asks the row for its last figures
	}
	running.CompareAndSwap(s, nil)
}

// uninstall undoes all that was changed. It reports false if that was done before.
func (s *Census) uninstall() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.stopped = true
	if wordAt(s.cleanupAt) == closure(hook) {
		registerPoolCleanup(nextHook())
	}
	clearHook()
	for _, e := range s.known {
		e.restore()
	}
	return true
}

// afterCollection reads the pools after each collection, on the runtime's goroutine
// for cleanups: what a collection drops is known from the reading before it.
func (s *Census) afterCollection() {
	if running.Load() != s {
		return
	}
	s.mu.Lock()
	s.readAll()
	s.mu.Unlock()
	sentinel := &struct{ _ *Census }{}
	runtime.AddCleanup(sentinel, (*Census).afterCollection, s)
}

// Read reads the pools now, those included that are new since the last collection.
// There is no need to call it for the figures, which are read when they are asked for:
// it is for those who want to be sure that new pools are in the registry, which
// otherwise follows each collection by a moment.
func (s *Census) Read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readAll()
}

// refresh reads the pools unless that was just done. The caller holds mu.
func (s *Census) refresh() {
	if time.Since(s.read) >= tooSoon || s.epoch != epoch() {
		s.readAll()
	}
}

// readAll looks for new pools if there was a collection, and reads all. The caller
// holds mu.
func (s *Census) readAll() {
	if s.stopped || s.failed != nil {
		return
	}
	if !s.several && runtime.GOMAXPROCS(0) > 1 {
		if s.failed = proveStride(lookAtPool); s.failed != nil {
			s.forgetAll()
			return
		}
		s.several = true
	}
	if now := epoch(); now != s.epoch {
		s.epoch = now
		s.discover()
	}
	s.read = time.Now()
	for _, r := range s.rows {
		r.clear()
	}
	for address, e := range s.known {
		if !e.readInto(s) {
			delete(s.known, address)
		}
	}
	s.foreign.check(s.cleanupAt)
}

// forgetAll shows nothing rather than what may be wrong.
func (s *Census) forgetAll() {
	for _, r := range s.rows {
		r.clear()
	}
	clear(s.known)
}

// Err says why the census reads nothing any more: nil while it does. A program that
// had one P at Start and has more now is the one case: the layout is proved again then.
func (s *Census) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// discover adds the pools that were in use when the last collection began.
func (s *Census) discover() {
	var symbols *symbols
	unknown := make(map[*sync.Pool]bool)
	for i := 0; ; {
		n, at := snapshot(i, s.fresh[:])
		if at != s.epoch { // another one began meanwhile: its list has them too, or they are empty
			s.epoch, i = at, 0
			clear(unknown)
			continue
		}
		for _, p := range s.fresh[:n] {
			if e := s.known[address(p)]; e == nil || e.pool() != p {
				if symbols == nil {
					symbols = readSymbols()
				}
				if !s.add(p, symbols) {
					unknown[p] = true
				}
			}
		}
		clear(s.fresh[:n])
		if i += n; n < len(s.fresh) {
			forget(s.epoch)
			s.unknown = len(unknown)
			return
		}
	}
}

func address(p *sync.Pool) uintptr { return uintptr(unsafe.Pointer(p)) }

// Unknown is how many pools were in use when the last collection began and are not
// shown, because they have no name, no New and no objects by which they could be told.
func (s *Census) Unknown() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unknown
}

// add makes a pool known. It reports false where there is nothing to tell of it yet.
func (s *Census) add(p *sync.Pool, symbols *symbols) bool {
	c, _ := lookPinned(shapeOf(p))
	if isOurs(shapeOf(p)) {
		return true
	}
	object := "unknown objects"
	if z := s.sizingOf(c.sample.typ); z != nil {
		object = z.name
	}
	o := originOf(shapeOf(p), object, symbols)
	if c.sample.typ == nil && o.place == "" && !o.alone {
		return false
	}
	r := s.rowOf(o, object)
	e := newEntry(p, r)
	if s.config.CountMisses {
		e.count()
	}
	s.known[address(p)] = e
	return true
}

// isOurs tells by their New of the pools that Start uses, and of those inside a
// strategies.Sync, an otelpool.Pool or an otelpool.Wrap, which have rows of their own.
func isOurs(p *poolShape) bool {
	name, _ := function(newOf(p))
	return strings.HasSuffix(name, "/pool/syncpools.ours") || strings.HasSuffix(name, "/pool/internal/gcpool.nothing")
}

// rowOf returns the row that a pool belongs to.
func (s *Census) rowOf(o origin, object string) *row {
	name := o.name
	if !o.alone && o.place != "" {
		name += " " + o.place
	}
	if r := s.rows[name]; r != nil {
		return r
	}
	r := &row{census: s, place: o.place, object: object}
	pub, err := s.config.Registry.Publish("sync.Pool "+name, r, pool.Suffix)
	if err == nil { // with Suffix a name that is not empty is never refused
		r.pub = pub
	}
	s.rows[name] = r
	return r
}

// sizingOf returns how objects of a type are weighed, or nil for none.
func (s *Census) sizingOf(typ unsafe.Pointer) *sizing {
	if typ == nil {
		return nil
	}
	z := s.sizings[typ]
	if z == nil {
		z = sizingOf(typ)
		s.sizings[typ] = z
	}
	return z
}
