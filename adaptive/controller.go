package adaptive

import (
	"errors"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/control"
)

// Controller sizes the pools of a registry. All methods are safe for concurrent use.
//
// It finds the pools in the registry. In each it sets how long a free object may lie
// unused, and in the budget that they share how many bytes they may hold together. No
// Get or Put ever waits for it. Pools whose controller has ended, or never ran, use
// their own idle ages.
type Controller struct {
	c       Config // its knobs are guarded by mu: see Configure
	budget  Budget
	signals Signals
	remove  func()
	calls   calls

	mu       sync.Mutex // one run at a time; guards what follows; no hook waits for it
	policy   *policy
	sample   sample
	pools    pools
	asked    asked
	clock    clock
	spent    time.Duration // by the collection of the run before
	warned   bool          // of a control group's limit that the runtime does not know
	ours     int64         // memory limit that the controller set; 0 for none
	released bool          // somebody else has changed it since: it is theirs

	pending    atomic.Pointer[Config] // knobs that the next run goes by
	affordable atomic.Int64           // default budget at the last run; 0 before the first
	mute       atomic.Bool            // OnDecision panicked

	book book // what is published of the runs

	running atomic.Bool
	woken   chan struct{}
	wakes   atomic.Uint32 // set of control.Trigger
	urgent  atomic.Bool   // memory is short
	silent  atomic.Bool   // Logger panicked
}

// calls is what a controller does to the runtime. Tests put others in its place.
type calls struct {
	collect        func()
	release        func()
	setMemoryLimit func(int64) int64
}

// New returns a controller for the registry's pools, or an error that lists every
// mistake in the config. It does nothing before Run or Step is called.
func New(c Config) (*Controller, error) {
	c = c.withDefaults()
	ctl := &Controller{c: c, budget: c.Budget, signals: c.Signals, woken: make(chan struct{}, 1)}
	ctl.calls = calls{runtime.GC, debug.FreeOSMemory, debug.SetMemoryLimit}
	if ctl.budget == nil {
		ctl.budget = c.Registry.Budget()
	}
	if ctl.signals == nil {
		ctl.signals = newProcess()
	}
	if err := ctl.check(); err != nil {
		return nil, err
	}
	ctl.policy = newPolicy(c)
	ctl.initAsked()
	ctl.book.init(ctl.budget.Limit())
	remove, err := c.Registry.AddController(ctl) // readers may ask it from here on
	if err != nil {
		return nil, err
	}
	ctl.remove = remove
	if err := c.Recorder.begin(&c); err != nil {
		remove()
		return nil, err
	}
	return ctl, nil
}

// check returns all that is wrong with the config, a registry that has a
// controller already included.
func (ctl *Controller) check() error {
	err := ctl.c.validate()
	if err == nil {
		err = ctl.checkReserved()
	}
	if err == nil {
		return nil
	}
	remove, taken := ctl.c.Registry.AddController(unmade{})
	if taken == nil {
		remove()
	}
	return errors.Join(err, taken)
}

// unmade asks a registry whether it has a controller.
type unmade struct{}

func (unmade) ControllerStats(into *control.Stats) { *into = control.Stats{} }

// checkReserved compares what is reserved with a budget that follows from the
// memory that there is.
func (ctl *Controller) checkReserved() error {
	if len(ctl.c.Reserved) == 0 || ctl.c.MaxIdleBytes > 0 {
		return nil
	}
	var r Reading
	var m memory
	ctl.signals.Read(time.Now(), &r)
	m.see(&r, ctl.c.MemoryLimit)
	return ctl.c.reservesAtMost(m.defaultBudget())
}

// Close withdraws the controller from its registry and leaves the pools to
// themselves. Run must have ended.
func (ctl *Controller) Close() {
	ctl.letGo()
	ctl.mu.Lock()
	defer ctl.mu.Unlock()
	if ctl.ours > 0 && debug.SetMemoryLimit(-1) == ctl.ours {
		ctl.calls.setMemoryLimit(NoLimit)
	}
	ctl.ours = 0
	ctl.remove()
}

// Step makes one run as of now: it reads the signals and the pools' demand,
// decides, does what was decided and returns it. A decision that is not worth
// remembering has no number and no reason. A now before that of the step
// before counts as no time passed, and one a long time after it as a minute. For
// those who drive a controller themselves; Run does it for all others.
func (ctl *Controller) Step(now time.Time) control.Decision {
	return ctl.run(now, control.TriggerTick)
}

func (ctl *Controller) run(now time.Time, trigger control.Trigger) control.Decision {
	v, unlimited, left := ctl.runOnce(now, trigger)
	ctl.takePending()
	ctl.tellLeft(left)
	if unlimited {
		ctl.warn("a control group limits the memory and GOMEMLIMIT is off: trims need forced collections;" +
			" set GOMEMLIMIT, or ManageMemoryLimit")
	}
	ctl.tell(&v)
	return v.decision
}

func (ctl *Controller) runOnce(now time.Time, trigger control.Trigger) (v verdict, unlimited bool, left []string) {
	ctl.mu.Lock()
	defer ctl.mu.Unlock()
	if c := ctl.pending.Swap(nil); c != nil {
		ctl.take(c)
	}
	unlimited = ctl.observe(now, trigger)
	plan := ctl.policy.step(&ctl.sample)
	freed := ctl.apply(&plan)
	v = ctl.policy.settle(&ctl.sample, freed)
	ctl.affordable.Store(ctl.policy.memory.defaultBudget())
	ctl.urgent.Store(ctl.policy.urgent())
	ctl.c.Recorder.add(&ctl.sample, freed)
	ctl.book.enter(ctl.policy, &ctl.sample, &v)
	ctl.giveBack(v.giveBack)
	left, ctl.asked.left = ctl.asked.left, nil
	return v, unlimited, left
}

// observe fills the sample. It reports, once, that the runtime has no memory limit
// and should have one.
func (ctl *Controller) observe(now time.Time, trigger control.Trigger) (unlimited bool) {
	s := &ctl.sample
	s.At = ctl.clock.advance(now)
	s.Now = time.Unix(0, now.UnixNano())
	s.Trigger = trigger
	ctl.signals.Read(now, &s.Reading)
	s.Reading.Spent = ctl.spent
	unlimited = ctl.manageLimit(&s.Reading)
	s.Limit, s.Used = ctl.budget.Limit(), ctl.budget.Used()
	ctl.pools.meet(ctl.c.Registry.All(), s)
	ctl.ask()
	return unlimited
}

// apply does what was planned and returns the idle bytes dropped.
func (ctl *Controller) apply(p *plan) (freed int64) {
	ctl.budget.SetPressed(p.pressed)
	ctl.setAges()
	ctl.budget.SetLimit(p.limit)
	if ctl.budget.Used() > p.limit {
		freed = ctl.reclaim()
	}
	if p.drop {
		freed += ctl.drop((*round).dropOld)
	}
	if p.pressed {
		freed += ctl.drop((*round).trim)
	}
	return freed
}

// giveBack makes memory of garbage, and notes what it took.
func (ctl *Controller) giveBack(how giveBack) {
	ctl.spent = 0
	if how == wait {
		return
	}
	start := time.Now()
	if how == release {
		ctl.calls.release()
	} else {
		ctl.calls.collect()
	}
	ctl.spent = time.Since(start)
}

// tell passes a decision on.
func (ctl *Controller) tell(v *verdict) {
	if !v.notable {
		return
	}
	ctl.log(func(l *slog.Logger) { logDecision(l, &v.decision) })
	if ctl.c.OnDecision != nil && !ctl.mute.Load() {
		ctl.observer(v.decision)
	}
}

func (ctl *Controller) observer(d control.Decision) {
	defer onPanic(func(r any) {
		ctl.mute.Store(true)
		ctl.warn("OnDecision panicked and is not called again", slog.Any("panic", r))
	})
	ctl.c.OnDecision(d)
}

func (ctl *Controller) warn(message string, attrs ...any) {
	ctl.log(func(l *slog.Logger) { l.Warn("pool controller: "+message, attrs...) })
}

// log has something logged, unless that has panicked before.
func (ctl *Controller) log(tell func(*slog.Logger)) {
	if ctl.c.Logger == nil || ctl.silent.Load() {
		return
	}
	defer onPanic(func(any) { ctl.silent.Store(true) })
	tell(ctl.c.Logger)
}

// managedShare of a control group's limit is what the runtime is given.
const managedShare = 0.9

// manageLimit gives the runtime a memory limit, if it may, and takes it away again
// with the group's. One that somebody else has set since is theirs from then on. It
// reports, once, that there should be a limit and may be none of ours.
func (ctl *Controller) manageLimit(r *Reading) (missing bool) {
	if !r.Heap.OK() {
		return false
	}
	if ctl.ours > 0 && r.Heap.Limit != ctl.ours {
		ctl.ours, ctl.released = 0, true
	}
	if !r.Cgroup.Known() || ctl.ours == 0 && r.Heap.Limit != NoLimit {
		return false
	}
	if !ctl.c.ManageMemoryLimit || ctl.released {
		missing = !ctl.warned && r.Cgroup.Max != NoLimit && !ctl.released
		ctl.warned = ctl.warned || missing
		return missing
	}
	limit := NoLimit
	if r.Cgroup.Max != NoLimit {
		limit = int64(managedShare * float64(r.Cgroup.Max))
	}
	if limit != r.Heap.Limit {
		ctl.calls.setMemoryLimit(limit)
		r.Heap.Limit = limit
	}
	if ctl.ours = limit; limit == NoLimit {
		ctl.ours = 0
	}
	return false
}

// clock is the controller's own. It never goes back, whatever it is given, and
// a pause counts as longestPause at most: then the machine slept, or somebody
// set its clock, and the pools' objects have not grown old by it.
type clock struct {
	first, last time.Time
	at          time.Duration
}

const longestPause = time.Minute

func (c *clock) advance(now time.Time) time.Duration {
	if c.first.IsZero() {
		c.first, c.last = now, now
	}
	c.at += min(max(now.Sub(c.last), 0), longestPause)
	c.last = now
	return c.at
}

func (c *clock) time() time.Time { return c.first.Add(c.at) }

var _ control.Controller = (*Controller)(nil)
