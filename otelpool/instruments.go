package otelpool

import (
	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// kind is an instrument's kind; it can never change once a name is released.
type kind uint8

const (
	counter       kind = iota // observable, int64
	upDownCounter             // observable, int64: figures that add up across pools
	gauge                     // observable, float64: figures that do not
	histogram                 // synchronous, float64: slow paths only
)

// instrument is one row of the table that everything else is made from or
// checked against: the instruments themselves, the comment of Start,
// docs/metrics.md and registry/metrics.yaml. What only documents have of it is in
// documented_test.go.
type instrument struct {
	name        string
	kind        kind
	unit        string
	description string
}

// attr is an attribute with its values.
type attr struct {
	key    string
	values []string
}

// enum is results, reasons, levels, …, which count from 0.
type enum interface {
	~uint8
	String() string
}

// valuesOf is the names of an enum's n values, as its package gives them.
func valuesOf[E enum](n int) (all []string) {
	for i := range n {
		all = append(all, E(i).String())
	}
	return all
}

// untold is what pools know and nobody pays a series for: a nil given back is no
// object, what Close drops is of no interest to those who asked for it, and each
// foreign mistake is a foreign or undersize return as well.
var untold = pool.Knowledge{
	Returns:   pool.SetOf(pool.NilReturn),
	Evictions: pool.SetOf(pool.EvictClosed),
	Misuse:    pool.SetOf(pool.MisuseForeign),
}

// without is the results, reasons and kinds of k that are not among those left out.
func without(k, left pool.Knowledge) pool.Knowledge {
	k.Requests &^= left.Requests
	k.Returns &^= left.Returns
	k.Evictions &^= left.Evictions
	k.Misuse &^= left.Misuse
	return k
}

// told is what is exported of what a pool knows. A double Put is a mistake where the
// pool knows mistakes, and a return elsewhere.
func told(k pool.Knowledge) pool.Knowledge {
	k = without(k, untold)
	if k.Misuse.Has(int(pool.MisuseDouble)) {
		k.Returns &^= pool.SetOf(pool.Double)
	}
	return k
}

// The attributes whose values are free.
const (
	keyPool     = "otelpool.pool.name"
	keyStrategy = "otelpool.pool.strategy"
	keyClass    = "otelpool.class.size"
	keySignal   = "otelpool.controller.signal"
)

// Positions in the table.
const (
	requests = iota
	returns
	objectCount
	objectLimit
	memoryUsage
	memoryLimit
	allocations
	memoryAllocated
	memoryRequested
	evictions
	memoryEvicted
	misuses
	pendingRequests
	waitDuration
	idleAge
	controllerMemoryUsage
	controllerMemoryKept
	controllerMemoryLimit
	controllerMemoryPressure
	controllerPressureStatus
	controllerPressureTransitions
	controllerSignalAge
	controllerRuns
	controllerCollections
	controllerRegrets
	controllerEfficiency
	numInstruments
)

// waitBounds are the buckets of otelpool.wait.duration, 1 µs to 10 s. The SDK's
// own bounds are meant for milliseconds.
var waitBounds = []float64{1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1, 5, 10}

var instruments = [numInstruments]instrument{
	requests: {"otelpool.requests", counter, "{request}", "Objects requested from the pool, by result."},
	returns: {
		"otelpool.returns", counter, "{return}",
		"Objects given back to the pool, by result; all but the pooled ones were left to the garbage collector.",
	},
	objectCount: {
		"otelpool.object.count", upDownCounter, "{object}",
		"Objects held idle by the pool, and objects handed out and not given back; the latter drift up where callers do not give back.",
	},
	objectLimit: {"otelpool.object.limit", upDownCounter, "{object}", "Most idle objects the pool keeps."},
	memoryUsage: {
		"otelpool.memory.usage", upDownCounter, "By",
		"Capacity of the objects held idle by the pool, and of those handed out and not given back.",
	},
	memoryLimit: {
		"otelpool.memory.limit", upDownCounter, "By",
		"Most idle memory the pool keeps; absent while there is no limit.",
	},
	allocations: {
		"otelpool.allocations", counter, "{allocation}",
		"Objects made by the pool: for requests it had no free object for, and in advance.",
	},
	memoryAllocated: {"otelpool.memory.allocated", counter, "By", "Capacity of the objects made by the pool."},
	memoryRequested: {
		"otelpool.memory.requested", counter, "By",
		"Memory callers asked for; whatever they were handed beyond it is waste.",
	},
	evictions:     {"otelpool.evictions", counter, "{eviction}", "Idle objects dropped by the pool, by reason."},
	memoryEvicted: {"otelpool.memory.evicted", counter, "By", "Capacity of the idle objects dropped by the pool."},
	misuses: {
		"otelpool.misuse", counter, "{misuse}",
		"Mistakes of callers found, by kind: each is a bug. A pool that samples finds those of sampled objects only.",
	},
	pendingRequests: {"otelpool.pending_requests", upDownCounter, "{request}", "Callers waiting for an object."},
	waitDuration: {
		"otelpool.wait.duration", histogram, "s",
		"Time callers waited for an object; requests that did not wait are not recorded.",
	},
	idleAge: {
		"otelpool.object.idle_age", gauge, "s",
		"How long a free object may lie unused before it is dropped, as learned by the controller.",
	},
	controllerMemoryUsage: {
		"otelpool.controller.memory.usage", upDownCounter, "By",
		"Idle memory of all pools that the controller sizes.",
	},
	controllerMemoryKept: {
		"otelpool.controller.memory.kept", upDownCounter, "By",
		"Idle memory that stays although memory is short, because it is in use; 0 while memory is not short.",
	},
	controllerMemoryLimit: {
		"otelpool.controller.memory.limit", upDownCounter, "By",
		"Idle memory the controller allows all pools together.",
	},
	controllerMemoryPressure: {
		"otelpool.controller.memory.pressure", gauge, "1",
		"Memory pressure the controller reads, by signal: 0 for none, 1 at the limit, and beyond.",
	},
	controllerPressureStatus: {
		"otelpool.controller.pressure.status", upDownCounter, "1",
		"1 for the level of memory pressure that the controller sees, 0 for the others.",
	},
	controllerPressureTransitions: {
		"otelpool.controller.pressure.transitions", counter, "{transition}",
		"Changes of the level of memory pressure, by the level entered and the cause.",
	},
	controllerSignalAge: {"otelpool.controller.signal.age", gauge, "s", "Time since a pressure reading was last fresh."},
	controllerRuns:      {"otelpool.controller.runs", counter, "{run}", "Runs of the controller, by what they did."},
	controllerCollections: {
		"otelpool.controller.collections", counter, "{collection}",
		"Garbage collections that the controller asked for after it dropped much under pressure.",
	},
	controllerRegrets: {
		"otelpool.controller.regrets", counter, "{request}",
		"Misses that the pools would have served had they kept what they dropped.",
	},
	controllerEfficiency: {
		"otelpool.controller.efficiency", gauge, "1",
		"Least possible cost of the pools, in missed and idle memory, over their actual cost; of the last days.",
	},
}

var (
	requestAttribute  = attr{"otelpool.request.result", valuesOf[pool.RequestResult](pool.NumRequestResults)}
	returnAttribute   = attr{"otelpool.return.result", valuesOf[pool.ReturnResult](pool.NumReturnResults)}
	evictionAttribute = attr{"otelpool.eviction.reason", valuesOf[pool.EvictionReason](pool.NumEvictionReasons)}
	misuseAttribute   = attr{"otelpool.misuse.kind", valuesOf[pool.MisuseKind](pool.NumMisuseKinds)}
	stateAttribute    = attr{"otelpool.object.state", []string{"idle", "used"}}
	actionAttribute   = attr{"otelpool.controller.action", valuesOf[control.Action](control.NumActions)}
	levelAttribute    = attr{"otelpool.controller.pressure.level", valuesOf[control.PressureLevel](control.NumPressureLevels)}
	causeAttribute    = attr{"otelpool.controller.cause", valuesOf[control.Cause](control.NumCauses)}
)
