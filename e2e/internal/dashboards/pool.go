package dashboards

import "slices"

func pool() Page {
	one := poolVariable
	one.One = true
	one.Values = everyPool + "{" + ofInstances + "}"
	return Page{
		UID:         "otelpool-pool",
		Title:       "otelpool / Pool",
		Description: "One pool in depth: who asks, what is held, what is dropped and why, by instance and size class.",
		Variables:   append(slices.Clone(targets), one),
		Rows: []Row{
			isItWell(), doesItLeak(), whoIsServed(), whatComesBack(), howMuchIsHeld(), whichClasses(), whatDoesItSave(), doCallersWait(),
		},
	}
}

func isItWell() Row {
	return Row{Question: "Is this pool well?", Panels: []Panel{
		{
			Title: "Strategy", View: Figure, Unit: Text, Width: 3, Empty: noPools, Colour: bypass,
			Description: "Kind of pool, which decides what it can know and report.",
			Queries: []Query{
				{Legend: "{{otelpool_pool_strategy}}", Expr: `group by (otelpool_pool_strategy) (otelpool_allocations_total{@pools})`},
			},
		}, {
			Title: "Hit ratio", View: Figure, Unit: Ratio, Width: 4, Empty: noAsker, Steps: moreIsBetter,
			Description: "Share of the requests that the pool could serve and served from what it held.",
			Queries: []Query{{Expr: `sum(rate(otelpool_requests_total{@pools,otelpool_request_result="hit"}@rate))
  / sum(rate(otelpool_requests_total{@pools,otelpool_request_result=~"hit|miss"}@rate))`}},
		}, {
			Title: "Requests", View: Figure, Unit: PerSecond, Width: 4, Empty: noAsker, Colour: bypass,
			Description: "All results.",
			Queries:     []Query{{Expr: `sum(rate(otelpool_requests_total{@pools}@rate))`}},
		}, {
			Title: "Held of budget", View: Figure, Unit: Ratio, Width: 4,
			Empty: "This pool has neither a budget nor a limit in bytes.", Colour: held,
			Description: "Idle capacity over what the controller allows all pools of the service now, or over the pool's own " +
				"limit without a controller.",
			Queries: []Query{{Expr: `max(` + ofBudget("@pool") + `)`}},
		}, {
			Title: "In use", View: Figure, Unit: Count, Width: 3, Empty: "This pool cannot know it.", Colour: used,
			Description: "Objects handed out and not given back.",
			Queries:     []Query{{Expr: `sum(otelpool_object_count{@pools,otelpool_object_state="used"})`}},
		}, {
			Title: "Dropped", View: Figure, Unit: Ratio, Width: 3, Empty: noAsker, Steps: noneIsBest,
			Description: "Share of returns that the pool did not keep.",
			Queries: []Query{{Expr: `sum(rate(otelpool_returns_total{@pools,otelpool_return_result!="pooled"}@rate))
  / sum(rate(otelpool_returns_total{@pools}@rate))`}},
		}, {
			Title: "Instances", View: Figure, Unit: Count, Width: 3, Empty: noPools, Colour: bypass,
			Description: "Processes that have this pool.",
			Queries:     []Query{{Expr: `count(count by (@instance) (otelpool_allocations_total{@pools}))`}},
		},
	}}
}

func whoIsServed() Row {
	return Row{Question: "Who asks, and is served?", Panels: []Panel{
		{
			Title: "Requests by result", View: Lines, Unit: PerSecond, Stack: true, Colours: results, Empty: noAsker,
			Description: "hit: served from what is held; miss: made; bypass: larger than the largest class; timeout, " +
				"canceled: waited in vain.",
			Queries: []Query{
				{
					Legend: "{{otelpool_request_result}}",
					Expr:   `sum by (otelpool_request_result) (rate(otelpool_requests_total{@pools}@rate))`,
				},
			},
		}, {
			Title: "Hit ratio by instance, the 15 worst", View: Lines, Many: true, Worst: true, Unit: Ratio, Max: 1, Empty: noAsker,
			Description: "One instance below the others has other traffic, or less memory.",
			Queries: []Query{{Legend: instanceLegend, Expr: `bottomk(15,
  sum by (@instance) (rate(otelpool_requests_total{@pools,otelpool_request_result="hit"}@rate))
  / sum by (@instance) (rate(otelpool_requests_total{@pools,otelpool_request_result=~"hit|miss"}@rate)))`}},
		}, {
			Title: "Requests by instance, the top 15", View: Lines, Many: true, Unit: PerSecond, Empty: noAsker,
			Description: "All results.",
			Queries: []Query{
				{Legend: instanceLegend, Expr: `topk(15, sum by (@instance) (rate(otelpool_requests_total{@pools}@rate)))`},
			},
		},
	}}
}

// noClasses is the text of panels of size classes for other pools.
const noClasses = "For pools with size classes that are named in otelpool.WithSizeClasses."

func whichClasses() Row {
	return Row{Question: "Which sizes work, and which do not?", Panels: []Panel{
		{
			Title: "Requests by size class", View: Heatmap, Unit: PerSecond, Rows: Bytes, Width: 12, Empty: noClasses,
			Description: "The darker, the more. The rows are the capacities of the classes.",
			Queries: []Query{
				{
					Legend: "{{otelpool_class_size}}",
					Expr:   `sum by (otelpool_class_size) (rate(otelpool_requests_total{@pools,otelpool_class_size!=""}@rate))`,
				},
			},
		}, {
			Title: "Hit ratio by size class", View: Heatmap, Unit: Ratio, Rows: Bytes, Width: 12, Empty: noClasses,
			Description: "Red misses, green hits; a class that nobody asked is blank. One that misses while others hold " +
				"memory would use it better.",
			Queries: []Query{
				{
					Legend: "{{otelpool_class_size}}",
					Expr: `sum by (otelpool_class_size) (rate(otelpool_requests_total{@pools,otelpool_class_size!="",otelpool_request_result="hit"}@rate))
  / (sum by (otelpool_class_size) (rate(otelpool_requests_total{@pools,otelpool_class_size!="",otelpool_request_result=~"hit|miss"}@rate)) > 0)`,
				},
			},
		}, {
			Title: "Held by size class", View: Heatmap, Unit: Bytes, Rows: Bytes, Width: 12, Empty: noClasses,
			Description: "Idle capacity of each class.",
			Queries: []Query{
				{
					Legend: "{{otelpool_class_size}}",
					Expr: `sum by (otelpool_class_size) ` +
						`(otelpool_memory_usage_bytes{@pools,otelpool_class_size!="",otelpool_object_state="idle"})`,
				},
			},
		}, {
			Title: "Idle age by size class", View: Heatmap, Unit: Seconds, Rows: Bytes, Width: 12, Empty: noClasses,
			Description: "How long a free object may lie unused before the controller drops it, as learned from how soon " +
				"others were wanted again.",
			Queries: []Query{
				{Legend: "{{otelpool_class_size}}", Expr: `max by (otelpool_class_size) (otelpool_object_idle_age_seconds{@pools})`},
			},
		},
	}}
}

func howMuchIsHeld() Row {
	return Row{Question: "How much is held, and why not more or less?", Panels: []Panel{
		{
			Title: "Held, in use and limits", View: Lines, Unit: Bytes, Colours: memory, Empty: "This pool cannot know what it holds.",
			Description: "Of all instances chosen. limit is the pool's own; allowed is what the controller lets all pools of " +
				"the service hold together now.",
			Queries: []Query{
				{Legend: "held", Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="idle"})`},
				{Legend: "in use", Expr: `sum(otelpool_memory_usage_bytes{@pools,otelpool_object_state="used"})`},
				{Legend: "limit", Expr: `sum(otelpool_memory_limit_bytes{@pools})`},
				{Legend: "allowed", Expr: `sum(otelpool_controller_memory_limit_bytes{@service})`},
			},
		}, {
			Title: "Objects held, in use and limit", View: Lines, Unit: Count, Colours: memory,
			Empty:       "This pool cannot know what it holds.",
			Description: "The same in objects, with the limit of pools that limit objects.",
			Queries: []Query{
				{Legend: "held", Expr: `sum(otelpool_object_count{@pools,otelpool_object_state="idle"})`},
				{Legend: "in use", Expr: `sum(otelpool_object_count{@pools,otelpool_object_state="used"})`},
				{Legend: "limit", Expr: `sum(otelpool_object_limit{@pools})`},
			},
		},
	}}
}

func whatComesBack() Row {
	return Row{Question: "What comes back, and is it kept?", Panels: []Panel{
		{
			Title: "Returns by result", View: Lines, Unit: PerSecond, Stack: true, Colours: returns, Empty: noAsker,
			Description: "pooled is kept. full: the limit; foreign: grown or not the pool's; oversize, undersize: no class; " +
				"refused: Keep said no; pressure: memory is short; double: given back twice, a bug.",
			Queries: []Query{
				{
					Legend: "{{otelpool_return_result}}",
					Expr:   `sum by (otelpool_return_result) (rate(otelpool_returns_total{@pools}@rate))`,
				},
			},
		}, {
			Title: "Evicted by reason", View: Lines, Unit: PerSecond, Stack: true, Colours: evictions, Empty: "This pool never evicts.",
			Description: "Idle objects dropped. idle and pressure are the controller's work, gc the garbage collector's, " +
				"resize a lowered limit's.",
			Queries: []Query{
				{
					Legend: "{{otelpool_eviction_reason}}",
					Expr:   `sum by (otelpool_eviction_reason) (rate(otelpool_evictions_total{@pools}@rate))`,
				},
			},
		}, {
			Title: "Dropped by instance, the top 15", View: Lines, Many: true, Unit: PerSecond, Empty: noAsker,
			Description: "Returns that were not kept.",
			Queries: []Query{
				{
					Legend: instanceLegend,
					Expr:   `topk(15, sum by (@instance) (rate(otelpool_returns_total{@pools,otelpool_return_result!="pooled"}@rate)))`,
				},
			},
		},
	}}
}

// noWaits is the text of panels of waiting for other pools.
const noWaits = "Nobody waited. Only Fixed.Acquire does."

func doCallersWait() Row {
	return Row{Question: "Do callers wait?", Folded: true, Panels: []Panel{
		{
			Title: "Waiting now", View: Lines, Many: true, Unit: Count, Colour: miss, Empty: "Nobody waits at a pool of this kind.",
			Description: "Callers in Acquire. More than a few for long: too few buffers, or they are kept too long.",
			Queries:     []Query{{Legend: instanceLegend, Expr: `topk(15, sum by (@instance) (otelpool_pending_requests{@pools}))`}},
		}, {
			Title: "Time waited", View: Lines, Unit: Seconds, Empty: noWaits,
			Description: "By callers who had to wait; requests served at once do not count.",
			Queries: []Query{
				{
					Legend: "median",
					Expr:   `histogram_quantile(0.5, sum by (le) (rate(otelpool_wait_duration_seconds_bucket{@pools}@rate)))`,
				},
				{
					Legend: "99th percentile",
					Expr:   `histogram_quantile(0.99, sum by (le) (rate(otelpool_wait_duration_seconds_bucket{@pools}@rate)))`,
				},
			},
		}, {
			Title: "Time waited, how often", View: Heatmap, Unit: Count, Rows: Seconds, Empty: noWaits,
			Description: "Waits by how long they took.",
			Queries:     []Query{{Legend: "{{le}}", Expr: `sum by (le) (increase(otelpool_wait_duration_seconds_bucket{@pools}@rate))`}},
		},
	}}
}

func doesItLeak() Row {
	return Row{Question: "Does it leak, or is it misused?", Panels: []Panel{
		{
			Title: "In use by instance, the top 15", View: Lines, Many: true, Unit: Count, Empty: "This pool cannot know what is in use.",
			Description: "Valleys that rise are a leak: find the Get whose Put is missing on some path, often an error's.",
			Queries: []Query{
				{
					Legend: instanceLegend,
					Expr:   `topk(15, sum by (@instance) (otelpool_object_count{@pools,otelpool_object_state="used"}))`,
				},
			},
		}, {
			Title: "Requests without a return", View: Lines, Unit: Ratio, Colour: critical, Empty: noAsker,
			Description: "Share of what was handed out that did not come back in the same time. Around 0, up and down, is " +
				"healthy; steady above is the share of calls that leak.",
			Queries: []Query{
				{Legend: "not given back", Expr: `1 - sum(rate(otelpool_returns_total{@pools,otelpool_return_result!="double"}@rate))
  / sum(rate(otelpool_requests_total{@pools,otelpool_request_result!~"timeout|canceled|failed"}@rate))`},
			},
		}, {
			Title: "Lost objects", View: Lines, Unit: PerHour, Colour: critical, Empty: "This pool cannot tell what was lost.",
			Description: "Objects that the garbage collector took while they were handed out: leaked for certain.",
			Queries: []Query{
				{
					Legend: instanceLegend,
					Expr:   `3600 * sum by (@instance) (rate(otelpool_misuse_total{@pools,otelpool_misuse_kind="lost"}@rate))`,
				},
			},
		}, {
			Title: "Mistakes of callers", View: Lines, Unit: PerHour, Colours: mistakes,
			Empty: "This pool does not look for mistakes: see docs/security.md.",
			Description: "lost: never given back; double: given back twice; write: written to afterwards; overrun: beyond its " +
				"end; suffix: a part that is not the beginning. The live page has the stacks.",
			Queries: []Query{
				{
					Legend: "{{otelpool_misuse_kind}}",
					Expr:   `3600 * sum by (otelpool_misuse_kind) (rate(otelpool_misuse_total{@pools}@rate))`,
				},
			},
		},
	}}
}

func whatDoesItSave() Row {
	return Row{Question: "What does it save?", Panels: []Panel{
		{
			Title: "Allocations saved and made", View: Lines, Unit: BytesPerSec, Colours: memory, Empty: noAsker,
			Description: "Saved: hits times the mean size of what the pool makes. Allocated: counted.",
			Queries: []Query{
				{Legend: "saved", Expr: `sum(` + savedByPool + `)`},
				{Legend: "allocated", Expr: `sum(rate(otelpool_memory_allocated_bytes_total{@pools}@rate))`},
			},
		}, {
			Title: "Allocations", View: Lines, Unit: PerSecond, Colour: miss, Empty: noPools,
			Description: "Objects that the pool made.",
			Queries:     []Query{{Legend: "allocations", Expr: `sum(rate(otelpool_allocations_total{@pools}@rate))`}},
		}, {
			Title: "Waste inside buffers", View: Lines, Unit: Ratio, Max: 1, Colour: bypass, Empty: noClasses,
			Description: "Part of the capacity handed out that nobody asked for.",
			Queries:     []Query{{Legend: "waste", Expr: waste("otelpool_pool_name")}},
		},
	}}
}
