package control

import "time"

// Controller is how exporters and pages see a controller without importing it.
// ControllerStats overwrites *into, reusing its slices. It never waits for a run
// of the controller that is under way.
type Controller interface {
	ControllerStats(into *Stats)
}

// Action is what one run of a controller did.
type Action uint8

const (
	Hold       Action = iota // nothing
	Grow                     // raised the budget
	Shrink                   // lowered the budget
	TrimIdle                 // dropped idle objects
	NumActions = iota
)

var actionNames = [NumActions]string{"hold", "grow", "shrink", "trim"}

// String is the action's name in metrics and in print.
func (a Action) String() string { return nameOf(actionNames[:], int(a)) }

// PressureLevel is how short of memory the process is.
type PressureLevel uint8

const (
	PressureNone PressureLevel = iota
	PressureElevated
	PressureHigh
	PressureCritical
	NumPressureLevels = iota
)

var levelNames = [NumPressureLevels]string{"none", "elevated", "high", "critical"}

// String is the level's name in metrics and in print.
func (l PressureLevel) String() string { return nameOf(levelNames[:], int(l)) }

// Cause is the signal that made a controller change its pressure level.
type Cause uint8

const (
	CauseCalm     Cause = iota // no signal holds the level before it any more
	CauseHeap                  // live heap against its limit
	CauseCgroup                // the control group's working set against its limit
	CausePSI                   // tasks stalled for memory
	CauseEvents                // the control group was throttled or killed from
	CauseLimiter               // the garbage collector's CPU limiter was on
	CauseExternal              // the service manager, or the program itself, asked
	NumCauses     = iota
)

var causeNames = [NumCauses]string{"calm", "heap", "cgroup", "psi", "events", "limiter", "external"}

// String is the cause's name in metrics and in print.
func (c Cause) String() string { return nameOf(causeNames[:], int(c)) }

// Trigger is what made a controller run.
type Trigger uint8

const (
	TriggerTick     Trigger = iota // its interval had passed
	TriggerGC                      // a garbage collection had ended
	TriggerPSI                     // the kernel reported a stall
	TriggerExternal                // the service manager, or the program itself, asked
	TriggerUsage                   // the control group came near its limit, or will soon
	NumTriggers     = iota
)

var triggerNames = [NumTriggers]string{"tick", "gc", "psi", "external", "usage"}

// String is the trigger's name in metrics and in print.
func (t Trigger) String() string { return nameOf(triggerNames[:], int(t)) }

// Signal is one reading of memory pressure.
type Signal struct {
	Name  string        // "heap", "cgroup", "psi.some", "psi.full", "psi.trigger", "external", "gc.cpu"
	Value float64       // 0 none, 1 at the limit; may exceed 1
	Age   time.Duration // since it was last fresh
	Err   string        // why it is absent; "" when it is not
}

// Decision is what a controller did in one run in which it did something, and
// why.
type Decision struct {
	Seq     uint64 // counts decisions from 1
	Time    time.Time
	Trigger Trigger

	From, To PressureLevel
	Cause    Cause  // of the level
	Reason   string // the figures that decided, for people: "heap 0.72 > 0.70"

	Action      Action
	LimitBefore int64 // idle bytes allowed to all pools before
	Limit       int64 // and after
	Freed       int64 // idle bytes dropped
	Kept        int64 // idle bytes that stay although memory is short, for they are in use; 0 while it is not short
	ForcedGC    bool  // a garbage collection was asked for

	// UsedEvery is how often most of what was kept is used; 0 is more often than gaps
	// are told apart, or not known.
	UsedEvery time.Duration

	// The expected cost of each choice over the next break-even time, in missed bytes:
	// Keep of having kept what was dropped, Drop of having dropped it.
	Keep, Drop float64

	Outcome string // what came of it, once the next collection told; "" until then
}

// ClassControl is what a controller has set and learned for one class.
type ClassControl struct {
	Pool    string
	Size    int64         // bytes of one object; 0 where the pool has no classes
	IdleAge time.Duration // how long a free object may lie unused
	Idle    int64         // idle bytes
	Regrets uint64        // misses that a dropped object would have served
}

// Stats is a snapshot of a controller. Counts never go down.
type Stats struct {
	Level   PressureLevel
	Since   time.Time // when Level was entered
	Cause   Cause     // of Level
	Signals []Signal
	Limit   int64     // idle bytes allowed to all pools now, or Unlimited
	Idle    int64     // idle bytes they hold
	Kept    int64     // of them, those that stay although memory is short, for they are in use; 0 while it is not short
	LastRun time.Time // when it ran last; zero before the first

	Runs        [NumActions]uint64                   // control runs, by what they did
	Transitions [NumPressureLevels][NumCauses]uint64 // changes of level, by the level entered and why
	ForcedGCs   uint64                               // collections asked for after a large trim
	Regrets     uint64                               // misses that a dropped object would have served

	// Efficiency is the cost of the best decisions that hindsight knows over the
	// cost of those that were made, missed bytes and idle byte-seconds together:
	// 1 is perfect, 0 is not known yet.
	Efficiency float64

	Classes   []ClassControl // every class of every pool it controls
	Decisions []Decision     // the last ones, oldest first
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}
