//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// Census reads the program's sync.Pools, from Start to Stop. Its methods are safe
// for concurrent use.
type Census struct {
	config    Config
	cleanupAt uintptr // the runtime's variable that has the hook

	mu      sync.Mutex // guards the fields below; no Get or Put takes it
	known   map[uintptr]*entry
	rows    map[string]*row
	sizings map[unsafe.Pointer]*sizing
	epoch   uint64
	read    time.Time
	unknown int // pools in use when the last collection began that have no row
	foreign displacement
	stopped bool
	several bool  // the layout is verified for several Ps
	failed  error // the census has stopped reading because of it
}

// running is the only census: a process has one hook.
var running atomic.Pointer[Census]

// tooSoon is the time for which a reading serves further requests.
const tooSoon = 10 * time.Millisecond

// Start begins a census. It verifies the layout of sync.Pool in this program,
// which takes some milliseconds, and runs one garbage collection to find the
// pools in use. It returns an error if a census is running, or if anything in
// package sync or the runtime is not as expected; then it reads nothing.
func Start(c Config) (*Census, error) {
	c.Registry = cmp.Or(c.Registry, pool.Default)
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

// install verifies what the census relies on, and registers the hook.
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

// Stop ends the census: it restores the hook and every New, and withdraws the
// pools' names. If somebody else has registered a hook since, ours stays and
// only calls the next. A second Stop does nothing.
func (s *Census) Stop() {
	if !s.uninstall() {
		return
	}
	for _, r := range s.rows { // no row is added any more
		r.pub.Release() // asks the row for its last figures
	}
	running.CompareAndSwap(s, nil)
}

// uninstall undoes all changes. It reports false if they were undone before.
func (s *Census) uninstall() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	s.stopped = true
	if wordAt(s.cleanupAt) == closure(hook) {
		registerPoolCleanup(noted().next)
	}
	clearHook()
	for _, e := range s.known {
		e.restore()
	}
	return true
}

// afterCollection reads the pools after each collection, on the runtime's
// goroutine for cleanups: the reading before a collection shows what it will
// drop.
func (s *Census) afterCollection() {
	if running.Load() != s {
		return
	}
	s.Read()
	percpu.AfterCollection((*Census).afterCollection, s)
}

// Read reads the pools now, including those that the last collection was the
// first to list. Figures do not need it, because the census reads the pools
// when somebody asks for them. Call Read to be sure that new pools are in the
// registry, which is otherwise updated a moment after each collection.
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
	for _, r := range s.rows {
		r.clear()
	}
	if !s.several && runtime.GOMAXPROCS(0) > 1 {
		if s.failed = proveStride(lookAtPool); s.failed != nil {
			clear(s.known)
			return // with empty rows, because their figures may be wrong
		}
		s.several = true
	}
	if epoch() != s.epoch {
		s.discover()
	}
	s.read = time.Now()
	for address, e := range s.known {
		if !e.readInto(s) {
			delete(s.known, address)
		}
	}
	s.foreign.check(s.cleanupAt)
}

// Err returns the reason why the census has stopped reading, nil while it
// reads. There is one: a program that had one P at Start has more now, and the
// layout, which is verified again then, differs.
func (s *Census) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// discover adds the pools that were in use when the last collection began. If another
// one begins meanwhile, the next reading looks again.
func (s *Census) discover() {
	var symbols *symbols
	unknown := make(map[*sync.Pool]bool)
	var pools []*sync.Pool
	pools, s.epoch = inUse()
	for _, p := range pools {
		if e := s.known[address(p)]; e == nil || e.pool() != p {
			if symbols == nil {
				symbols = readSymbols()
			}
			if !s.add(p, symbols) {
				unknown[p] = true
			}
		}
	}
	forget(s.epoch)
	s.unknown = len(unknown)
}

func address(p *sync.Pool) uintptr { return uintptr(unsafe.Pointer(p)) }

// Unknown returns the number of pools that were in use when the last collection
// began and have no row, because they have no name, no New and no objects to
// identify them by.
func (s *Census) Unknown() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unknown
}

// add gives a pool a row. It reports false if nothing identifies the pool yet.
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

// isOurs recognizes by their New the pools that Start uses, and those inside a
// strategies.Sync, an otelpool.Pool or an otelpool.Wrap, which have rows of
// their own.
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
	r.pub, _ = s.config.Registry.Publish("sync.Pool "+name, r, pool.Suffix) // with Suffix only an empty name is refused
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
