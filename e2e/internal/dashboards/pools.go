package dashboards

import "slices"

// Series that every pool has. Which pools there are is asked of these.
const everyPool = "otelpool_allocations_total"

// The choices of the pages, each among what those before it leave.
var (
	clusterVariable   = Variable{Name: "cluster", Label: "Cluster", Values: everyPool, Of: "cluster"}
	namespaceVariable = Variable{Name: "namespace", Label: "Namespace", Values: everyPool + `{cluster=~"$cluster"}`, Of: "namespace"}
	jobVariable       = Variable{
		Name:   "job",
		Label:  "Service",
		Values: everyPool + `{cluster=~"$cluster",namespace=~"$namespace"}`,
		Of:     "job",
	}
	instanceVariable = Variable{Name: "instance", Label: "Instance", Values: everyPool + "{" + ofServices + "}", Of: "instance"}
	strategyVariable = Variable{
		Name:   "strategy",
		Label:  "Strategy",
		Values: everyPool + "{" + ofInstances + "}",
		Of:     "otelpool_pool_strategy",
	}
	poolVariable = Variable{
		Name:   "pool",
		Label:  "Pool",
		Values: everyPool + "{" + ofInstances + `,otelpool_pool_strategy=~"$strategy"}`,
		Of:     poolLabel,
	}
	targets = []Variable{clusterVariable, namespaceVariable, jobVariable, instanceVariable}
)

const (
	ofServices  = `cluster=~"$cluster",namespace=~"$namespace",job=~"$job"`
	ofInstances = ofServices + `,instance=~"$instance"`
)

// What an empty panel says.
const (
	noPools    = "No pool reports yet: otelpool.Start in the service, and a collector that Prometheus scrapes."
	noAsker    = "No requests in this time."
	noSampling = "No pool here looks for mistakes: see docs/security.md."
)

func pools() Page {
	return Page{
		UID:         "otelpool-pools",
		Title:       "otelpool / Pools",
		Description: "Every pool of every service: which one leaks, misses, hoards or drops. A click on a pool opens its own page.",
		Variables:   append(slices.Clone(targets), strategyVariable, poolVariable),
		Rows: []Row{
			atAGlance(), whichPool(), doesAnythingLeak(), doRequestsHit(), whoHoldsMemory(), whatIsDropped(), isItWorthIt(),
		},
	}
}

func atAGlance() Row {
	return Row{Question: "Is anything wrong?", Panels: []Panel{
		{
			Title: "Pools", View: Figure, Unit: Count, Width: 3, Empty: noPools,
			Description: "Pools that report. A pool of several instances counts once.",
			Queries:     []Query{{Expr: `count(count by (@pool) (otelpool_allocations_total{@pools}))`}},
		}, {
			Title: "Hit ratio", View: Figure, Unit: Ratio, Width: 3, Empty: noAsker, Steps: moreIsBetter,
			Description: "Share of the requests that pools could serve and served from what they held. Requests beyond the " +
				"largest size (bypass) do not count.",
			Queries: []Query{{Expr: `sum(rate(otelpool_requests_total{@pools,otelpool_request_result="hit"}@rate))
  / sum(rate(otelpool_requests_total{@pools,otelpool_request_result=~"hit|miss"}@rate))`}},
		}, {
			Title: "Held idle", View: Figure, Unit: Bytes, Width: 4, Empty: noPools, Colour: held,
			Description: "Capacity that pools hold for requests to come. It is live heap.",
			Queries:     []Query{{Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle"})`}},
		}, {
			Title: "In use", View: Figure, Unit: Bytes, Width: 3, Empty: noPools, Colour: used,
			Description: "Capacity handed out and not given back. What never comes back stays in this figure for the life of the process.",
			Queries:     []Query{{Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="used"})`}},
		}, {
			Title: "Dropped", View: Figure, Unit: PerSecond, Width: 3, Empty: noAsker, Steps: noneIsBest,
			Description: "Objects given back that the pool did not keep.",
			Queries:     []Query{{Expr: `sum(rate(otelpool_returns_total{@pools,otelpool_return_result!="pooled"}@rate))`}},
		}, {
			Title: "Allocations saved", View: Figure, Unit: BytesPerSec, Width: 4, Empty: noAsker, Colour: hit,
			Description: "About how many bytes a second pools did not have to allocate: hits times the mean size of what a pool makes.",
			Queries:     []Query{{Expr: `sum(` + savedByPool + `)`}},
		}, {
			Title: "Alerts firing", View: Figure, Unit: Count, Width: 4, Empty: "None", Steps: lossIsBad,
			Description: "Alerts of deploy/prometheus that fire now. docs/runbook.md says what to do about each.",
			Queries:     []Query{{Expr: `count(ALERTS{@alerts,alertname=~"Otelpool.+",alertstate="firing"}) or vector(0)`}},
		},
		alertsOfThisTime(),
	}}
}

func alertsOfThisTime() Panel {
	return Panel{
		Title: "Alerts of this time", View: Timeline, Width: 24, Unit: Text, Empty: "No alert of otelpool fired in this time.",
		Values:      firing,
		Description: "When an alert fired (red), and for which pool or service.",
		Queries: []Query{{
			Expr: `max by (alert, @pool) (label_replace(
  ALERTS{@alerts,alertname=~"Otelpool.+",alertstate="firing"}, "alert", "$1", "alertname", "Otelpool(.+)"))`,
			Legend: "{{alert}}: " + poolLegend,
		}},
	}
}

var firing = []value{{"1", "firing", critical}}

// savedByPool is bytes a second that were handed out without being allocated, by
// pool. What a hit is worth nothing counts, so it is taken for the mean of what
// the pool has made.
const savedByPool = `sum by (@pool) (rate(otelpool_requests_total{@pools,otelpool_request_result="hit"}@rate))
  * (sum by (@pool) (otelpool_memory_allocated_bytes_total{@pools}) / sum by (@pool) (otelpool_allocations_total{@pools} > 0))`

func whichPool() Row {
	return Row{Question: "Which pool needs a look?", Panels: []Panel{{
		Title: "Pools, those in trouble first", View: Table, Width: 24, Empty: noPools, Drill: true,
		Description: "One line a pool and service. Trouble is the worst of: requests that miss, returns that are dropped, 100 " +
			"% for a leak (in use grew by 20 objects and a tenth in a quarter of an hour) or a mistake of a caller. Of " +
			"budget: held against what the controller allows all pools together, or the pool's own limit without one.",
		Queries: []Query{
			{Legend: "Trouble", Unit: Ratio, Width: 70, Steps: shareIsBad, Expr: trouble},
			{Legend: "Hit ratio", Unit: Ratio, Width: 85, Steps: moreIsBetter, Expr: `1 - ` + missed},
			{
				Legend: "In use",
				Unit:   Count,
				Width:  75,
				Expr:   `sum by (@pool, otelpool_pool_strategy) (otelpool_object_count{@pools,otelpool_object_state="used"})`,
			},
			{Legend: "Growth", Unit: PerHour, Width: 80, Steps: growthIsALeak, Expr: `3600 * ` + growth},
			{Legend: "Dropped", Unit: Ratio, Width: 80, Steps: shareIsBad, Expr: dropped},
			{Legend: "Mistakes", Unit: PerHour, Width: 80, Steps: lossIsBad, Expr: `4 * ` + mistaken},
			{Legend: "Of budget", Unit: Ratio, Width: 85, Steps: fullIsTight, Expr: ofBudget("@pool, otelpool_pool_strategy")},
			{
				Legend: "Held",
				Unit:   Bytes,
				Width:  80,
				Expr:   `sum by (@pool, otelpool_pool_strategy) (otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle"})`,
			},
			{
				Legend: "Allocated",
				Unit:   BytesPerSec,
				Width:  90,
				Expr:   `sum by (@pool, otelpool_pool_strategy) (rate(otelpool_memory_allocated_bytes_total{@pools}@rate))`,
			},
			{
				Legend: "Requests",
				Unit:   PerSecond,
				Width:  90,
				Expr:   `sum by (@pool, otelpool_pool_strategy) (rate(otelpool_requests_total{@pools}@rate))`,
			},
		},
	}}}
}

// The signs of trouble, by pool.
const (
	missed = `sum by (@pool, otelpool_pool_strategy) (rate(otelpool_requests_total{@pools,otelpool_request_result="miss"}@rate))
  / (sum by (@pool, otelpool_pool_strategy) (rate(otelpool_requests_total{@pools,otelpool_request_result=~"hit|miss"}@rate)) > 0)`
	dropped = `sum by (@pool, otelpool_pool_strategy) (rate(otelpool_returns_total{@pools,otelpool_return_result!="pooled"}@rate))
  / (sum by (@pool, otelpool_pool_strategy) (rate(otelpool_returns_total{@pools}@rate)) > 0)`
	growth   = `sum by (@pool, otelpool_pool_strategy) (deriv(otelpool_object_count{@pools,otelpool_object_state="used"}[15m]))`
	mistaken = `sum by (@pool, otelpool_pool_strategy) (increase(otelpool_misuse_total{@pools}[15m]))`

	// A label keeps the signs apart until the worst is taken.
	trouble = `max by (@pool, otelpool_pool_strategy) (
  label_replace(` + missed + `, "sign", "misses", "", "")
  or label_replace(` + dropped + `, "sign", "drops", "", "")
  or label_replace(` + mistaken + ` > bool 0, "sign", "mistakes", "", "")
  or label_replace(
    (900 * ` + growth + ` > bool 20)
    * (900 * ` + growth + ` > bool 0.1 * sum by (@pool, otelpool_pool_strategy) (otelpool_object_count{@pools,otelpool_object_state="used"})),
    "sign", "leaks", "", ""))`
)

// ofBudget is idle memory as a share of the budget in force, by labels that include
// the service's: the budget that the controller allows all its pools, or the pool's
// own limit without a controller. It excludes pools of fixed buffers, which always
// hold everything that is not in use.
func ofBudget(by string) string {
	const idle = `(otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle",otelpool_pool_strategy!="fixed"})`
	return `sum by (` + by + `) ` + idle + `
  / on (@job) group_left () (sum by (@job) (otelpool_controller_memory_limit_bytes{@service}) > 0)
  or sum by (` + by + `) ` + idle + ` / (sum by (` + by + `) (otelpool_memory_limit_bytes{@pools}) > 0)`
}

func doRequestsHit() Row {
	return Row{Question: "Do requests find a free object?", Panels: []Panel{
		{
			Title: "Hit ratio, the 15 worst", View: Lines, Many: true, Worst: true, Unit: Ratio, Max: 1, Empty: noAsker, Drill: true,
			Description: "By pool. Gaps are times without requests. A pool that starts, or was trimmed, misses for a moment; " +
				"one that stays low is too small, or its objects do not come back.",
			Queries: []Query{{Legend: poolLegend, Expr: `bottomk(15,
  sum by (@pool) (rate(otelpool_requests_total{@pools,otelpool_request_result="hit"}@rate))
  / sum by (@pool) (rate(otelpool_requests_total{@pools,otelpool_request_result=~"hit|miss"}@rate)))`}},
		}, {
			Title: "Requests by result", View: Lines, Unit: PerSecond, Stack: true, Colours: results, Empty: noAsker,
			Description: "Of all pools chosen. Bypass is larger than any class; closed, timeout and canceled got nothing from " +
				"the pool either.",
			Queries: []Query{
				{
					Legend: "{{otelpool_request_result}}",
					Expr:   `sum by (otelpool_request_result) (rate(otelpool_requests_total{@pools}@rate))`,
				},
			},
		}, {
			Title: "Allocated by pools, the top 15", View: Lines, Many: true, Unit: BytesPerSec, Empty: noAsker, Drill: true,
			Description: "What misses and bypasses cost. The highest line is where pooling has most to gain.",
			Queries: []Query{
				{Legend: poolLegend, Expr: `topk(15, sum by (@pool) (rate(otelpool_memory_allocated_bytes_total{@pools}@rate)))`},
			},
		},
	}}
}

func whoHoldsMemory() Row {
	return Row{Question: "Who holds memory, and may they?", Panels: []Panel{
		{
			Title: "Held idle, the top 15", View: Lines, Many: true, Unit: Bytes, Stack: true, Empty: noPools, Drill: true,
			Description: "Idle capacity by pool. Much of it with few requests is a pool that hoards.",
			Queries: []Query{
				{Legend: poolLegend, Expr: `topk(15, sum by (@pool) (otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle"}))`},
			},
		}, {
			Title: "Held against the budget, the top 15", View: Lines, Many: true, Unit: Ratio,
			Empty: "No pool with a budget or a limit reports yet.", Drill: true,
			Description: "Idle capacity over what the controller allows all pools of the service now, or over the pool's own " +
				"limit without a controller. A line far above the others is a pool that hoards what they could use.",
			Queries: []Query{{Legend: poolLegend, Expr: `topk(15, ` + ofBudget("@pool") + `)`}},
		}, {
			Title: "Held and in use", View: Lines, Unit: Bytes, Colours: memory, Empty: noPools,
			Description: "Of all pools chosen, with the sum of their limits and what the controller allows all of them now.",
			Queries: []Query{
				{Legend: "held", Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle"})`},
				{Legend: "in use", Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="used"})`},
				{Legend: "limit", Expr: `sum(otelpool_memory_limit_bytes{@pools})`},
				{Legend: "allowed", Expr: `sum(otelpool_controller_memory_limit_bytes{@service})`},
			},
		},
	}}
}

func doesAnythingLeak() Row {
	return Row{Question: "Does anything leak, or misuse what it gets?", Panels: []Panel{
		{
			Title: "Objects in use, the top 15", View: Lines, Many: true, Unit: Count, Empty: noPools, Drill: true,
			Description: "Handed out and not given back. It breathes with the traffic; a line whose valleys rise is a leak.",
			Queries: []Query{
				{Legend: poolLegend, Expr: `topk(15, sum by (@pool) (otelpool_object_count{@pools,otelpool_object_state="used"}))`},
			},
		}, {
			Title: "Growth of what is in use, the top 15", View: Lines, Many: true, Unit: PerHour,
			Empty: "It takes 15 minutes of data to tell.", Drill: true,
			Description: "Slope over 15 minutes, in objects an hour. Around 0 is healthy, above it for long is a leak.",
			Queries: []Query{
				{
					Legend: poolLegend,
					Expr:   `topk(15, 3600 * sum by (@pool) (deriv(otelpool_object_count{@pools,otelpool_object_state="used"}[15m])))`,
				},
			},
		}, {
			Title: "Lost objects", View: Lines, Unit: PerHour, Colour: critical,
			Empty:       "No pool here can tell what was lost; the panels beside are the sign.",
			Description: "Objects that the garbage collector took while they were handed out: leaked for certain.",
			Queries: []Query{
				{
					Legend: poolLegend,
					Expr:   `3600 * sum by (@pool) (rate(otelpool_misuse_total{@pools,otelpool_misuse_kind="lost"}@rate))`,
				},
			},
		}, {
			Title: "Mistakes of callers", View: Lines, Unit: PerHour, Colours: mistakes, Empty: noSampling,
			Description: "Found by pools that sample, by kind. lost: never given back; double: given back twice; write: " +
				"written to afterwards; overrun: beyond its end; suffix: a part that is not the beginning. Each is a " +
				"bug.",
			Queries: []Query{
				{
					Legend: "{{otelpool_misuse_kind}}",
					Expr:   `3600 * sum by (otelpool_misuse_kind) (rate(otelpool_misuse_total{@pools}@rate))`,
				},
			},
		},
	}}
}

func whatIsDropped() Row {
	return Row{Question: "What is dropped, and why?", Panels: []Panel{
		{
			Title: "Returns that were dropped", View: Lines, Unit: PerSecond, Stack: true, Colours: returns, Empty: noAsker,
			Description: "By reason. full: the limit; foreign: grown or not the pool's; oversize, undersize: no class; " +
				"refused: Keep said no; pressure: memory is short; double: given back twice, a bug.",
			Queries: []Query{
				{
					Legend: "{{otelpool_return_result}}",
					Expr:   `sum by (otelpool_return_result) (rate(otelpool_returns_total{@pools,otelpool_return_result!="pooled"}@rate))`,
				},
			},
		}, {
			Title: "Share of returns dropped, the 15 worst", View: Lines, Many: true, Unit: Ratio, Max: 1, Empty: noAsker, Drill: true,
			Description: "By pool. What is dropped will be missed.",
			Queries: []Query{{Legend: poolLegend, Expr: `topk(15,
  sum by (@pool) (rate(otelpool_returns_total{@pools,otelpool_return_result!="pooled"}@rate)) / sum by (@pool) (rate(otelpool_returns_total{@pools}@rate)))`}},
		}, {
			Title: "Evicted", View: Lines, Unit: PerSecond, Stack: true, Colours: evictions, Empty: noPools,
			Description: "Idle objects let go, by reason. gc is the garbage collector's way with a sync.Pool; idle and " +
				"pressure are the controller's.",
			Queries: []Query{
				{
					Legend: "{{otelpool_eviction_reason}}",
					Expr:   `sum by (otelpool_eviction_reason) (rate(otelpool_evictions_total{@pools}@rate))`,
				},
			},
		},
	}}
}

func isItWorthIt() Row {
	return Row{Question: "What is pooling worth?", Panels: []Panel{
		{
			Title: "Allocations saved and made", View: Lines, Unit: BytesPerSec, Colours: memory, Empty: noAsker,
			Description: "Saved: hits times the mean size of what each pool makes. Allocated: counted.",
			Queries: []Query{
				{Legend: "saved", Expr: `sum(` + savedByPool + `)`},
				{Legend: "allocated", Expr: `sum(rate(otelpool_memory_allocated_bytes_total{@pools}@rate))`},
			},
		}, {
			Title: "Waste inside buffers, the 15 worst", View: Lines, Many: true, Unit: Ratio, Max: 1, Drill: true,
			Empty: "For pools named in otelpool.WithSizeClasses that count requested bytes.",
			Description: "Part of the capacity handed out that nobody asked for. Powers of two waste a third; more means that " +
				"the classes do not fit the sizes.",
			Queries: []Query{{Legend: poolLegend, Expr: `topk(15, ` + waste("@pool") + `)`}},
		}, {
			Title: "Heap of the services", View: Lines, Unit: Bytes, Colours: memory,
			Empty:       "For services that export the Go runtime's metrics too.",
			Description: "Memory that Go uses, the part that pools hold, and the bytes allocated a second, which pooling should lower.",
			Queries: []Query{
				{Legend: "Go memory", Expr: `sum(go_memory_used_bytes{@service})`},
				{Legend: "GC goal", Expr: `sum(go_memory_gc_goal_bytes{@service})`},
				{Legend: "held", Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle"})`},
			},
		},
	}}
}

// waste compares the bytes requested with the bytes handed out, by the labels. The
// latter is requests times the size of the class, computed as the class's allocated
// bytes over its allocations, so that no label has to be parsed as a number; plus
// the bytes allocated for requests that belong to no class.
func waste(by string) string {
	class := by + ", instance, otelpool_class_size"
	return `1 - sum by (` + by + `) (rate(otelpool_memory_requested_bytes_total{@pools}@rate))
  / (sum by (` + by + `) (
      sum by (` + class + `) (rate(otelpool_requests_total{@pools,otelpool_class_size!=""}@rate))
      * sum by (` + class + `) (otelpool_memory_allocated_bytes_total{@pools,otelpool_class_size!=""})
      / sum by (` + class + `) (otelpool_allocations_total{@pools,otelpool_class_size!=""} > 0))
    + sum by (` + by + `) (rate(otelpool_memory_allocated_bytes_total{@pools,otelpool_class_size=""}@rate)))`
}
