package adaptive

import (
	"cmp"
	"errors"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool/adaptive/signals"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// Controller sizes the pools of a registry. All methods are safe for concurrent use.
//
// It finds the pools in the registry. In each it sets how long a free object may lie
// unused, and in the budget that they share how many bytes they may hold together. No
// Get or Put ever waits for it. Pools whose controller has ended, or never ran, use
// their own idle ages.
type Controller struct {
	c      Config // its knobs are guarded by mu: see Configure
	remove func()
	calls  calls

	mu         sync.Mutex // one run at a time; guards what follows; no hook waits for it
	policy     *policy
	sample     sample
	pools      []handle // of the registry, each at an index of its own for as long as its name is in it
	round      *round
	caller     ask.Caller
	leaving    func(i int, back <-chan struct{}) func(i int) // leave; made once, so that a step allocates nothing
	reclaiming <-chan struct{}                               // closed when a Reclaim that hangs has returned
	clock      clock
	spent      time.Duration // by the collection of the run before
	warned     bool          // of a control group's limit that the runtime does not know
	warnings   []func()      // of this run, to be called when no lock is held
	ours       int64         // memory limit that the controller set, or NoLimit
	released   bool          // somebody else has changed it since: it is theirs

	pending    atomic.Pointer[Config] // knobs that the next run goes by
	affordable atomic.Int64           // default budget at the last run; 0 before the first
	mute       atomic.Bool            // OnDecision panicked

	book book // what is published of the runs

	running atomic.Bool
	woken   chan struct{}
	wakes   atomic.Uint32 // set of control.Trigger
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
	c.Budget = cmp.Or[Budget](c.Budget, c.Registry.Budget())
	if c.Signals == nil {
		c.Signals = signals.New("", os.Getenv)
	}
	err := c.validate(c.firstBudget())
	ctl := &Controller{c: c, ours: NoLimit, round: newRound(round{}), woken: make(chan struct{}, 1)}
	ctl.caller.Patience, ctl.leaving = patience, ctl.leave
	ctl.policy = newPolicy(&ctl.c)
	ctl.calls = calls{runtime.GC, debug.FreeOSMemory, debug.SetMemoryLimit}
	ctl.book.stats.Limit = c.Budget.Limit()
	remove, taken := c.Registry.AddController(ctl) // readers may ask it from here on
	if err = errors.Join(err, taken); err == nil && c.Recorder != nil {
		c.Recorder.write(recordingOf(&c))
		err = c.Recorder.Err()
	}
	if err != nil {
		if taken == nil {
			remove()
		}
		return nil, err
	}
	ctl.remove = remove
	return ctl, nil
}

// firstBudget is the budget that follows from the memory limit, where what is reserved
// has to fit it.
func (c *Config) firstBudget() int64 {
	if len(c.Reserved) == 0 || c.MaxIdleBytes > 0 {
		return NoLimit
	}
	var r Reading
	m := noMemory()
	c.Signals.Read(time.Now(), &r)
	m.see(&r, c.MemoryLimit)
	return m.defaultBudget()
}

// Close withdraws the controller from its registry and leaves the pools to
// themselves. Run must have ended.
func (ctl *Controller) Close() {
	ctl.letGo()
	ctl.mu.Lock()
	defer ctl.mu.Unlock()
	if ctl.ours != NoLimit && debug.SetMemoryLimit(-1) == ctl.ours {
		ctl.calls.setMemoryLimit(NoLimit)
	}
	ctl.ours = NoLimit
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
	v, warnings := ctl.runOnce(now, trigger)
	ctl.takePending()
	for _, warn := range warnings {
		warn()
	}
	if v.notable {
		ctl.tell(&v.decision)
	}
	return v.decision
}

func (ctl *Controller) runOnce(now time.Time, trigger control.Trigger) (v verdict, warnings []func()) {
	ctl.mu.Lock()
	defer ctl.mu.Unlock()
	ctl.take()
	ctl.observe(now, trigger)
	ctl.policy.step(&ctl.sample)
	freed := ctl.apply(ctl.policy)
	v = ctl.policy.settle(&ctl.sample, freed)
	ctl.affordable.Store(ctl.policy.memory.defaultBudget())
	ctl.c.Recorder.add(&ctl.sample, freed)
	ctl.book.enter(ctl.policy, &ctl.sample, &v)
	ctl.giveBack(v.giveBack)
	warnings, ctl.warnings = ctl.warnings, nil
	return v, warnings
}

// observe fills the sample.
func (ctl *Controller) observe(now time.Time, trigger control.Trigger) {
	s := &ctl.sample
	s.At = ctl.clock.advance(now)
	s.Now = time.Unix(0, now.UnixNano())
	s.Trigger = trigger
	ctl.c.Signals.Read(now, &s.Reading)
	s.Reading.Spent = ctl.spent
	ctl.manageLimit(&s.Reading)
	s.Limit, s.Used = ctl.c.Budget.Limit(), ctl.c.Budget.Used()
	ctl.meet(ctl.c.Registry.All())
	ctl.ask()
}

// apply does what was decided and returns the idle bytes dropped. Where memory has just
// become short, what is older than its idle age goes now, and not when the next window ends.
func (ctl *Controller) apply(p *policy) (freed int64) {
	ctl.c.Budget.SetPressed(p.pressed())
	ctl.each((*round).setAges)
	ctl.c.Budget.SetLimit(p.limit)
	if ctl.c.Budget.Used() > p.limit {
		freed = ctl.reclaim()
	}
	if p.pressed() && p.pressure.level > p.journal.from {
		freed += ctl.drop((*round).dropOld)
	}
	if p.pressed() {
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
func (ctl *Controller) tell(d *control.Decision) {
	ctl.log(func(l *slog.Logger) { logDecision(l, d) })
	if ctl.c.OnDecision == nil || ctl.mute.Load() {
		return
	}
	defer onPanic(func(r any) {
		ctl.mute.Store(true)
		ctl.warn("OnDecision panicked and is not called again", slog.Any("panic", r))
	})
	ctl.c.OnDecision(*d)
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
// warns, once, that there should be a limit and may be none of ours.
func (ctl *Controller) manageLimit(r *Reading) {
	if !r.Heap.OK() {
		return
	}
	if ctl.ours != NoLimit && r.Heap.Limit != ctl.ours {
		ctl.ours, ctl.released = NoLimit, true
	}
	if !r.Cgroup.Known() || r.Heap.Limit != ctl.ours || ctl.released {
		return
	}
	limit := NoLimit
	if r.Cgroup.Max != NoLimit {
		limit = int64(managedShare * float64(r.Cgroup.Max))
	}
	if !ctl.c.ManageMemoryLimit {
		if limit != NoLimit && !ctl.warned {
			ctl.warned = true
			ctl.warnings = append(ctl.warnings, func() {
				ctl.warn("a control group limits the memory and GOMEMLIMIT is off: trims need forced collections;" +
					" set GOMEMLIMIT, or ManageMemoryLimit")
			})
		}
		return
	}
	if limit != r.Heap.Limit {
		ctl.calls.setMemoryLimit(limit)
		r.Heap.Limit = limit
	}
	ctl.ours = limit
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
