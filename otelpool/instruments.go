package otelpool

import (
	"strings"

	"github.com/otelpool/pool"
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
// docs/metrics.md and registry/metrics.yaml.
type instrument struct {
	name        string
	kind        kind
	unit        string
	description string
	attribute   *attr  // beside the pool's own; nil for none
	second      *attr  // beside that; nil for none
	perPool     bool   // carries the pool's name and strategy
	perClass    bool   // carries the size class where asked for
	optIn       string // what it takes to have it; "" for nothing
}

// attr is an attribute with its values; members is nil for a free one.
type attr struct {
	key     string
	typ     string
	brief   string
	example string
	members []member
}

type member struct {
	value, brief string
	untold       bool // exported of no pool
}

// untold is what pools know and nobody pays a series for: a nil given back is no
// object, what Close drops is of no interest to those who asked for it, and each
// foreign mistake is a foreign or undersize return as well.
var untold = pool.Knowledge{
	Returns:   pool.SetOf(pool.NilReturn),
	Evictions: pool.SetOf(pool.EvictClosed),
	Misuse:    pool.SetOf(pool.MisuseForeign),
}

// told is what is exported of what a pool knows. A double Put is a mistake where the
// pool knows mistakes, and a return elsewhere.
func told(k pool.Knowledge) pool.Knowledge {
	k.Returns &^= untold.Returns
	k.Evictions &^= untold.Evictions
	k.Misuse &^= untold.Misuse
	if k.Misuse.Has(int(pool.MisuseDouble)) {
		k.Returns &^= pool.SetOf(pool.Double)
	}
	return k
}

// membersOf is the results, reasons or kinds as package pool names and describes
// them.
func membersOf[N interface {
	~uint8
	String() string
	Description() string
}](n int, untold pool.Set) (all []member) {
	for i := range n {
		brief := N(i).Description()
		all = append(all, member{N(i).String(), strings.ToUpper(brief[:1]) + brief[1:] + ".", untold.Has(i)})
	}
	return all
}

const (
	keyPool     = "otelpool.pool.name"
	keyStrategy = "otelpool.pool.strategy"
	keyClass    = "otelpool.class.size"
	keyRequest  = "otelpool.request.result"
	keyReturn   = "otelpool.return.result"
	keyState    = "otelpool.object.state"
	keyEviction = "otelpool.eviction.reason"
	keySignal   = "otelpool.controller.signal"
	keyAction   = "otelpool.controller.action"
	keyLevel    = "otelpool.controller.pressure.level"
	keyCause    = "otelpool.controller.cause"
	keyMisuse   = "otelpool.misuse.kind"
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
	requests: {
		name: "otelpool.requests", kind: counter, unit: "{request}",
		description: "Objects requested from the pool, by result.",
		attribute:   &requestAttribute, perPool: true, perClass: true,
	},
	returns: {
		name: "otelpool.returns", kind: counter, unit: "{return}",
		description: "Objects given back to the pool, by result; all but the pooled ones were left to the garbage collector.",
		attribute:   &returnAttribute, perPool: true, perClass: true,
	},
	objectCount: {
		name: "otelpool.object.count", kind: upDownCounter, unit: "{object}",
		description: "Objects held idle by the pool, and objects handed out and not given back; the latter drift up where " +
			"callers do not give back.",
		attribute: &stateAttribute, perPool: true, perClass: true,
	},
	objectLimit: {
		name: "otelpool.object.limit", kind: upDownCounter, unit: "{object}",
		description: "Most idle objects the pool keeps.",
		perPool:     true,
	},
	memoryUsage: {
		name: "otelpool.memory.usage", kind: upDownCounter, unit: "By",
		description: "Capacity of the objects held idle by the pool, and of those handed out and not given back.",
		attribute:   &stateAttribute, perPool: true, perClass: true,
	},
	memoryLimit: {
		name: "otelpool.memory.limit", kind: upDownCounter, unit: "By",
		description: "Most idle memory the pool keeps; absent while there is no limit.",
		perPool:     true,
	},
	allocations: {
		name: "otelpool.allocations", kind: counter, unit: "{allocation}",
		description: "Objects made by the pool: for requests it had no free object for, and in advance.",
		perPool:     true, perClass: true,
	},
	memoryAllocated: {
		name: "otelpool.memory.allocated", kind: counter, unit: "By",
		description: "Capacity of the objects made by the pool.",
		perPool:     true, perClass: true,
	},
	memoryRequested: {
		name: "otelpool.memory.requested", kind: counter, unit: "By",
		description: "Memory callers asked for; whatever they were handed beyond it is waste.",
		perPool:     true, optIn: "pools that count it, and that are named in `otelpool.WithSizeClasses`",
	},
	evictions: {
		name: "otelpool.evictions", kind: counter, unit: "{eviction}",
		description: "Idle objects dropped by the pool, by reason.",
		attribute:   &evictionAttribute, perPool: true, perClass: true,
	},
	memoryEvicted: {
		name: "otelpool.memory.evicted", kind: counter, unit: "By",
		description: "Capacity of the idle objects dropped by the pool.",
		perPool:     true, perClass: true,
	},
	misuses: {
		name: "otelpool.misuse", kind: counter, unit: "{misuse}",
		description: "Mistakes of callers found, by kind: each is a bug. A pool that samples finds those of sampled objects only.",
		attribute:   &misuseAttribute, perPool: true,
	},
	pendingRequests: {
		name: "otelpool.pending_requests", kind: upDownCounter, unit: "{request}",
		description: "Callers waiting for an object.",
		perPool:     true,
	},
	waitDuration: {
		name: "otelpool.wait.duration", kind: histogram, unit: "s",
		description: "Time callers waited for an object; requests that did not wait are not recorded.",
		perPool:     true,
	},
	idleAge: {
		name: "otelpool.object.idle_age", kind: gauge, unit: "s",
		description: "How long a free object may lie unused before it is dropped, as learned by the controller.",
		perPool:     true, perClass: true, optIn: "pools with a controller, by size class",
	},
	controllerMemoryUsage: {
		name: "otelpool.controller.memory.usage", kind: upDownCounter, unit: "By",
		description: "Idle memory of all pools that the controller sizes.",
	},
	controllerMemoryKept: {
		name: "otelpool.controller.memory.kept", kind: upDownCounter, unit: "By",
		description: "Idle memory that stays although memory is short, because it is in use; 0 while memory is not short.",
	},
	controllerMemoryLimit: {
		name: "otelpool.controller.memory.limit", kind: upDownCounter, unit: "By",
		description: "Idle memory the controller allows all pools together.",
	},
	controllerMemoryPressure: {
		name: "otelpool.controller.memory.pressure", kind: gauge, unit: "1",
		description: "Memory pressure the controller reads, by signal: 0 for none, 1 at the limit, and beyond.",
		attribute:   &signalAttribute,
	},
	controllerPressureStatus: {
		name: "otelpool.controller.pressure.status", kind: upDownCounter, unit: "1",
		description: "1 for the level of memory pressure that the controller sees, 0 for the others.",
		attribute:   &levelAttribute,
	},
	controllerPressureTransitions: {
		name: "otelpool.controller.pressure.transitions", kind: counter, unit: "{transition}",
		description: "Changes of the level of memory pressure, by the level entered and the cause.",
		attribute:   &levelAttribute, second: &causeAttribute,
	},
	controllerSignalAge: {
		name: "otelpool.controller.signal.age", kind: gauge, unit: "s",
		description: "Time since a pressure reading was last fresh.",
		attribute:   &signalAttribute,
	},
	controllerRuns: {
		name: "otelpool.controller.runs", kind: counter, unit: "{run}",
		description: "Runs of the controller, by what they did.",
		attribute:   &actionAttribute,
	},
	controllerCollections: {
		name: "otelpool.controller.collections", kind: counter, unit: "{collection}",
		description: "Garbage collections that the controller asked for after it dropped much under pressure.",
	},
	controllerRegrets: {
		name: "otelpool.controller.regrets", kind: counter, unit: "{request}",
		description: "Misses that the pools would have served had they kept what they dropped.",
	},
	controllerEfficiency: {
		name: "otelpool.controller.efficiency", kind: gauge, unit: "1",
		description: "Least possible cost of the pools, in missed and idle memory, over their actual cost; of the last days.",
	},
}

var (
	requestAttribute = attr{
		key: keyRequest, brief: "How a request for an object ended.",
		members: membersOf[pool.RequestResult](pool.NumRequestResults, untold.Requests),
	}
	returnAttribute = attr{
		key: keyReturn, brief: "What became of an object that was given back.",
		members: membersOf[pool.ReturnResult](pool.NumReturnResults, untold.Returns),
	}
	evictionAttribute = attr{
		key: keyEviction, brief: "Why the pool dropped an idle object.",
		members: membersOf[pool.EvictionReason](pool.NumEvictionReasons, untold.Evictions),
	}
	misuseAttribute = attr{
		key: keyMisuse, brief: "Kind of mistake in the use of a pool.",
		members: membersOf[pool.MisuseKind](pool.NumMisuseKinds, untold.Misuse),
	}
	stateAttribute = attr{
		key: keyState, brief: "Where the objects are.",
		members: []member{
			{value: "idle", brief: "Held by the pool, free."},
			{value: "used", brief: "Handed out and not given back."},
		},
	}
	signalAttribute = attr{
		key: keySignal, typ: "string", brief: "Source of a pressure reading; one that cannot be read is absent.", example: "heap",
	}
	actionAttribute = attr{
		key: keyAction, brief: "What a run of the controller did.",
		members: []member{
			{value: "hold", brief: "Nothing."},
			{value: "grow", brief: "Raised the budget."},
			{value: "shrink", brief: "Lowered the budget."},
			{value: "trim", brief: "Dropped idle buffers."},
		},
	}
)

var (
	levelAttribute = attr{
		key: keyLevel, brief: "How short of memory the process is.",
		members: []member{
			{value: "none", brief: "It is not."},
			{value: "elevated", brief: "The garbage collector works as hard as with GOGC=100, or harder."},
			{
				value: "high",
				brief: "The garbage collector, the control group or the kernel is in trouble: pools keep what is in use, and the " +
					"budget does not grow.",
			},
			{value: "critical", brief: "Close to being killed, or to collecting without end: pools keep what is in use."},
		},
	}
	causeAttribute = attr{
		key: keyCause, brief: "Signal that set the level of memory pressure.",
		members: []member{
			{value: "calm", brief: "Nothing holds the level before it any more."},
			{value: "heap", brief: "Live heap against the memory limit."},
			{value: "cgroup", brief: "The control group's working set against its limit."},
			{value: "psi", brief: "Tasks stalled for memory."},
			{value: "events", brief: "The control group was throttled or killed from."},
			{value: "limiter", brief: "The garbage collector's CPU limiter was on."},
			{value: "external", brief: "The service manager, or the program itself, asked."},
		},
	}
)
