package dashboards

import "slices"

// noController is the text of a panel without a controller.
const noController = "No service here runs a controller: adaptive.New, and go c.Run(ctx)."

func controller() Page {
	return Page{
		UID:         "otelpool-controller",
		Title:       "otelpool / Controller",
		Description: "How short of memory services are, what the controller did about it, and what came of it.",
		Variables:   slices.Clone(targets),
		Rows: []Row{
			howShort(), whatWasDone(), whatItAllows(), whatGoSays(),
		},
	}
}

// levelByInstance is the level as a number, for a chart of states.
const levelByInstance = `topk(20,
  sum by (@instance) (otelpool_controller_pressure_status{@service,otelpool_controller_pressure_level="elevated"})
  + 2 * sum by (@instance) (otelpool_controller_pressure_status{@service,otelpool_controller_pressure_level="high"})
  + 3 * sum by (@instance) (otelpool_controller_pressure_status{@service,otelpool_controller_pressure_level="critical"}))`

var levelValues = []value{{"0", "none", hit}, {"1", "elevated", miss}, {"2", "high", drop}, {"3", "critical", critical}}

func howShort() Row {
	return Row{Question: "How short of memory is it?", Panels: []Panel{
		{
			Title: "Level of pressure, the 20 highest", View: Timeline, Width: 24, Unit: Text, Values: levelValues, Empty: noController,
			Description: "By instance. Green, none: idle ages as learned; amber, elevated: about half; orange, high: a tenth " +
				"at most; red, critical: only what is in use stays.",
			Queries: []Query{{Legend: instanceLegend, Expr: levelByInstance}},
		}, {
			Title: "Pressure by signal", View: Lines, Unit: Ratio, Width: 12, Colours: signals, Empty: noController,
			Description: "What the controller reads, the highest of the instances chosen: 0 is none, 100 % is at the limit. " +
				"heap: live heap against the memory limit; cgroup: working set against the container's; psi: time stalled for memory.",
			Queries: []Query{{
				Legend: "{{otelpool_controller_signal}}",
				Expr:   `max by (otelpool_controller_signal) (otelpool_controller_memory_pressure_ratio{@service})`,
			}},
		}, {
			Title: "Pressure by instance, the top 15", View: Lines, Many: true, Unit: Ratio, Empty: noController,
			Description: "The higher of heap and control group. Stalls (psi) are left out.",
			Queries: []Query{{
				Legend: instanceLegend,
				Expr: `topk(15, max by (@instance) (` +
					`otelpool_controller_memory_pressure_ratio{@service,otelpool_controller_signal=~"heap|cgroup"}))`,
			}},
		}, {
			Title: "Age of the readings", View: Lines, Unit: Seconds, Colours: signals, Empty: noController,
			Description: "Since the oldest of each signal was last fresh. For the heap, since the last garbage collection.",
			Queries: []Query{{
				Legend: "{{otelpool_controller_signal}}",
				Expr:   `max by (otelpool_controller_signal) (otelpool_controller_signal_age_seconds{@service})`,
			}},
		}, {
			Title: "Instances by level of pressure", View: Lines, Unit: Count, Stack: true, Colours: levels, Empty: noController,
			Description: "none: idle ages as learned; elevated: about half; high: a tenth at most; critical: only what is in use stays.",
			Queries: []Query{{
				Legend: "{{otelpool_controller_pressure_level}}",
				Expr:   `sum by (otelpool_controller_pressure_level) (otelpool_controller_pressure_status{@service})`,
			}},
		}, {
			Title: "Changes of level by cause", View: Lines, Unit: PerHour, Colours: causes, Empty: noController,
			Description: "What made the level change, up or down (calm). Many changes: a limit is close to what the program needs.",
			Queries: []Query{{
				Legend: "{{otelpool_controller_cause}}",
				Expr:   `3600 * sum by (otelpool_controller_cause) (rate(otelpool_controller_pressure_transitions_total{@service}@rate))`,
			}},
		},
	}}
}

func whatWasDone() Row {
	return Row{Question: "What did the controller do?", Panels: []Panel{
		{
			Title: "Runs by action", View: Lines, Unit: PerSecond, Stack: true, Colours: actions, Empty: noController,
			Description: "hold: nothing; grow, shrink: the budget; trim: idle objects dropped. None at all: it does not run.",
			Queries: []Query{{
				Legend: "{{otelpool_controller_action}}",
				Expr:   `sum by (otelpool_controller_action) (rate(otelpool_controller_runs_total{@service}@rate))`,
			}},
		}, {
			Title: "Evicted, the top 15", View: Lines, Many: true, Unit: BytesPerSec, Stack: true, Empty: noPools, Drill: true,
			Description: "Idle capacity let go by pool: because it lay idle, because memory was short, or because a limit was " +
				"lowered. The Pool dashboard has the reasons.",
			Queries: []Query{
				{Legend: poolLegend, Expr: `topk(15, sum by (@pool) (rate(otelpool_memory_evicted_bytes_total{@service}@rate)))`},
			},
		}, {
			Title: "Collections asked for", View: Lines, Many: true, Unit: PerHour, Empty: noController,
			Description: "Garbage collections after a large trim under pressure, of services without GOMEMLIMIT: set it, and " +
				"none are needed.",
			Queries: []Query{{
				Legend: instanceLegend,
				Expr:   `topk(15, 3600 * sum by (@instance) (rate(otelpool_controller_collections_total{@service}@rate)))`,
			}},
		},
	}}
}

func whatItAllows() Row {
	return Row{Question: "How much may pools hold, and do they?", Panels: []Panel{
		{
			Title: "Budget and held", View: Lines, Unit: Bytes, Colours: memory, Empty: noController,
			Description: "Idle memory that the controller allows all pools together, what they hold, and the part that stays " +
				"although memory is short, because it is in use.",
			Queries: []Query{
				{Legend: "allowed", Expr: `sum(otelpool_controller_memory_limit_bytes{@service})`},
				{Legend: "held", Expr: `sum(otelpool_controller_memory_usage_bytes{@service})`},
				{Legend: "kept in use", Expr: `sum(otelpool_controller_memory_kept_bytes{@service})`},
			},
		}, {
			Title: "Held against budget by instance, the top 15", View: Lines, Many: true, Unit: Ratio, Empty: noController,
			Description: "Near 100 % with misses: the budget binds.",
			Queries: []Query{
				{Legend: instanceLegend, Expr: `topk(15, sum by (@instance) (otelpool_controller_memory_usage_bytes{@service})
  / sum by (@instance) (otelpool_controller_memory_limit_bytes{@service} > 0))`},
			},
		}, {
			Title: "Efficiency", View: Lines, Many: true, Unit: Ratio, Empty: noController,
			Description: "Cost of the best possible decisions over the cost of those made, in memory missed and held idle. 75 " +
				"% and more is good: nobody knows the future.",
			Queries: []Query{{
				Legend: instanceLegend, Expr: `topk(15, avg by (@instance) (otelpool_controller_efficiency_ratio{@service}))`,
			}},
		}, {
			Title: "Regrets", View: Lines, Many: true, Unit: PerSecond, Empty: noController,
			Description: "Misses that the pools would have served had they kept what they dropped: what a larger BreakEven or " +
				"budget saves.",
			Queries: []Query{{
				Legend: instanceLegend, Expr: `topk(15, sum by (@instance) (rate(otelpool_controller_regrets_total{@service}@rate)))`,
			}},
		}, {
			Title: "Idle age by pool, the 15 longest", View: Lines, Many: true, Unit: Seconds, Empty: noController,
			Description: "How long a free object may lie unused, the mean of the pool's size classes; those are on the Pool " +
				"dashboard. Learned from how soon others were wanted again.",
			Queries: []Query{{Legend: poolLegend, Expr: `topk(15, avg by (@pool) (otelpool_object_idle_age_seconds{@service}))`}},
		},
	}}
}

// noRuntime is the text of a panel of Go's metrics without such metrics.
const noRuntime = "The services do not export Go's metrics: runtime.Start of go.opentelemetry.io/contrib/instrumentation/runtime."

func whatGoSays() Row {
	return Row{Question: "What does the Go runtime say?", Panels: []Panel{
		{
			Title: "Go memory", View: Lines, Unit: Bytes, Colours: memory, Empty: noRuntime,
			Description: "All instances chosen together. The limit is GOMEMLIMIT's, where it is set.",
			Queries: []Query{
				{Legend: "Go memory", Expr: `sum(go_memory_used_bytes{@service})`},
				{Legend: "GC goal", Expr: `sum(go_memory_gc_goal_bytes{@service})`},
				{Legend: "limit", Expr: `sum(go_memory_limit_bytes{@service})`},
				{Legend: "held", Expr: `sum(otelpool_memory_usage_bytes{@service,otelpool_object_state="idle"})`},
			},
		}, {
			Title: "Go allocates", View: Lines, Unit: BytesPerSec, Colours: memory, Empty: noRuntime,
			Description: "All allocations of the services, and the pools' part of them.",
			Queries: []Query{
				{Legend: "Go", Expr: `sum(rate(go_memory_allocated_bytes_total{@service}@rate))`},
				{Legend: "allocated", Expr: `sum(rate(otelpool_memory_allocated_bytes_total{@service}@rate))`},
			},
		}, {
			Title: "Goroutines", View: Lines, Many: true, Unit: Count, Empty: noRuntime,
			Description: "By instance, the top 15.",
			Queries:     []Query{{Legend: instanceLegend, Expr: `topk(15, sum by (@instance) (go_goroutine_count{@service}))`}},
		},
	}}
}
