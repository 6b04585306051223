package otelpool

import (
	"strings"

	"github.com/otelpool/pool"
)

// What only documents have of the table of instruments.

type metricDoc struct {
	instrument
	extra    []*attrDoc // beside the pool's own
	perClass bool       // carries the size class where asked for
	optIn    string     // what it takes to have it; "" for nothing
}

// ofPool reports whether a metric carries the pool's name and strategy.
func (m *metricDoc) ofPool() bool { return !strings.HasPrefix(m.name, "otelpool.controller.") }

// attrDoc is an attribute with what its values mean; briefs is nil for a free one.
type attrDoc struct {
	*attr
	brief        string
	briefs       []string
	untold       pool.Set // values that are exported of no pool
	typ, example string   // of a free one
}

type member struct{ value, brief string }

// told is the values that are exported.
func (a *attrDoc) told() (all []member) {
	for i, brief := range a.briefs {
		if !a.untold.Has(i) {
			all = append(all, member{a.values[i], brief})
		}
	}
	return all
}

func (a *attrDoc) shown() string {
	var values []string
	for _, m := range a.told() {
		values = append(values, m.value)
	}
	return strings.Join(values, " ")
}

// documented is the instruments with what documents say beside.
func documented() []metricDoc {
	all := make([]metricDoc, numInstruments)
	for i, m := range instruments {
		all[i] = metricDocs[i]
		all[i].instrument = m
	}
	return all
}

var metricDocs = [numInstruments]metricDoc{
	requests:                      {extra: []*attrDoc{&requestDoc}, perClass: true},
	returns:                       {extra: []*attrDoc{&returnDoc}, perClass: true},
	objectCount:                   {extra: []*attrDoc{&stateDoc}, perClass: true},
	memoryUsage:                   {extra: []*attrDoc{&stateDoc}, perClass: true},
	allocations:                   {perClass: true},
	memoryAllocated:               {perClass: true},
	memoryRequested:               {optIn: "pools that count it, and that are named in `otelpool.WithSizeClasses`"},
	evictions:                     {extra: []*attrDoc{&evictionDoc}, perClass: true},
	memoryEvicted:                 {perClass: true},
	misuses:                       {extra: []*attrDoc{&misuseDoc}},
	idleAge:                       {perClass: true, optIn: "pools with a controller, by size class"},
	controllerMemoryPressure:      {extra: []*attrDoc{&signalDoc}},
	controllerPressureStatus:      {extra: []*attrDoc{&levelDoc}},
	controllerPressureTransitions: {extra: []*attrDoc{&levelDoc, &causeDoc}},
	controllerSignalAge:           {extra: []*attrDoc{&signalDoc}},
	controllerRuns:                {extra: []*attrDoc{&actionDoc}},
}

// attributes is every attribute, in the order of the documentation.
var attributes = []*attrDoc{
	&poolDoc, &strategyDoc, &classDoc, &requestDoc, &returnDoc, &stateDoc, &evictionDoc, &misuseDoc, &signalDoc, &actionDoc,
	&levelDoc, &causeDoc,
}

// docOf is an attribute whose values package pool describes.
func docOf[N interface {
	~uint8
	Description() string
}](a *attr, brief string, n int, untold pool.Set) attrDoc {
	doc := attrDoc{attr: a, brief: brief, untold: untold}
	for i := range n {
		meaning := N(i).Description()
		doc.briefs = append(doc.briefs, strings.ToUpper(meaning[:1])+meaning[1:]+".")
	}
	return doc
}

var (
	poolDoc = attrDoc{
		attr: &attr{key: keyPool}, typ: "string", brief: "Name of the pool, unique among the open pools of the process.",
		example: "http.body",
	}
	strategyDoc = attrDoc{
		attr: &attr{key: keyStrategy}, typ: "string", brief: "Kind of pool; that of the first pool of the name.",
		example: "sizeclasses",
	}
	classDoc = attrDoc{
		attr: &attr{key: keyClass}, typ: "int",
		brief:   "Capacity of the buffers of one size class, in bytes; absent on the rows that belong to no class.",
		example: "4096",
	}
	signalDoc = attrDoc{
		attr: &attr{key: keySignal}, typ: "string", brief: "Source of a pressure reading; one that cannot be read is absent.",
		example: "heap",
	}
	requestDoc = docOf[pool.RequestResult](
		&requestAttribute, "How a request for an object ended.", pool.NumRequestResults, untold.Requests)
	returnDoc = docOf[pool.ReturnResult](
		&returnAttribute, "What became of an object that was given back.", pool.NumReturnResults, untold.Returns)
	evictionDoc = docOf[pool.EvictionReason](
		&evictionAttribute, "Why the pool dropped an idle object.", pool.NumEvictionReasons, untold.Evictions)
	misuseDoc = docOf[pool.MisuseKind](
		&misuseAttribute, "Kind of mistake in the use of a pool.", pool.NumMisuseKinds, untold.Misuse)
	stateDoc = attrDoc{
		attr: &stateAttribute, brief: "Where the objects are.",
		briefs: []string{"Held by the pool, free.", "Handed out and not given back."},
	}
	actionDoc = attrDoc{
		attr: &actionAttribute, brief: "What a run of the controller did.",
		briefs: []string{"Nothing.", "Raised the budget.", "Lowered the budget.", "Dropped idle buffers."},
	}
	levelDoc = attrDoc{
		attr: &levelAttribute, brief: "How short of memory the process is.",
		briefs: []string{
			"It is not.", "The garbage collector works as hard as with GOGC=100, or harder.",
			"The garbage collector, the control group or the kernel is in trouble: pools keep what is in use, and the " +
				"budget does not grow.",
			"Close to being killed, or to collecting without end: pools keep what is in use.",
		},
	}
	causeDoc = attrDoc{
		attr: &causeAttribute, brief: "Signal that set the level of memory pressure.",
		briefs: []string{
			"Nothing holds the level before it any more.", "Live heap against the memory limit.",
			"The control group's working set against its limit.", "Tasks stalled for memory.",
			"The control group was throttled or killed from.", "The garbage collector's CPU limiter was on.",
			"The service manager, or the program itself, asked.",
		},
	}
)
