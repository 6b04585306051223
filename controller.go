package pool

import "time"

// Controller is how exporters and pages see a controller without importing it.
// ControllerStats overwrites *into, reusing its slices.
type Controller interface {
	ControllerStats(into *ControllerStats)
}

// Action is what one run of a controller did to the pools' budget.
type Action uint8

const (
	Hold       Action = iota // nothing
	Grow                     // raised the budget
	Shrink                   // lowered the budget
	TrimIdle                 // dropped idle buffers
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

// Signal is one reading of memory pressure.
type Signal struct {
	Name  string        // "heap", "cgroup", "psi", …
	Value float64       // 0 none, 1 at the limit; may exceed 1
	Age   time.Duration // since it was last fresh
	Err   string        // why it is absent; "" when it is not
}

// ControllerStats is a snapshot of a controller.
type ControllerStats struct {
	Level     PressureLevel
	Signals   []Signal
	Limit     int64              // idle bytes allowed to all pools now
	Idle      int64              // idle bytes they hold
	Runs      [NumActions]uint64 // control runs, by what they did
	ForcedGCs uint64             // collections asked for after a large trim
}
