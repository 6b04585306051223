package e2e_test

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// absent is the metrics that the gateway does not have, and why.
// TestMetricsOfNoGatewayPoolArriveToo has them.
var absent = map[string]string{
	"otelpool.wait.duration": "nobody waits: the gateway's Fixed serves ReverseProxy, which calls Get and not Acquire",
}

// strategiesOfGateway is one pool for each, or the run would cover less than it
// claims to.
var strategiesOfGateway = []string{"bounded", "fixed", "sizeclasses", "wrap"}

func TestEveryMetricArrives(t *testing.T) {
	built(t) // outside of what the subtests take
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			const duration = 4 * time.Second
			c := startCollector(t, noPorts)
			s := finish(t, startGateway(t, protocol, endpoint(c, protocol), duration), duration)
			expectTotals(t, c, s)
			checkCoverage(t, readTable(t), figuresOf(s))
		})
	}
}

// checkCoverage checks that equality was not trivial: the summary has every
// strategy, every metric not excused, and pools that were used.
func checkCoverage(t *testing.T, table map[string]*metric, figures map[series]float64) {
	t.Helper()
	seen, strategies, pools := names(figures), map[string]bool{}, map[string]bool{}
	for s := range figures {
		if s.pool != "" { // the controller's have none
			strategies[s.strategy], pools[s.pool] = true, true
		}
	}
	for s := range figures {
		used := s.metric == "otelpool.requests" && s.value == "hit" || s.metric == "otelpool.returns" && s.value == "pooled"
		if used && figures[s] == 0 {
			t.Errorf("%s: 0: the load does not use this pool", s)
		}
	}
	if got := slices.Sorted(maps.Keys(strategies)); !slices.Equal(got, strategiesOfGateway) {
		t.Errorf("the gateway's pools are %q; want one of each of %q", got, strategiesOfGateway)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		switch reason, excused := absent[name]; {
		case seen[name] && excused:
			t.Errorf("%s arrives, though %s: take it from the list", name, reason)
		case !seen[name] && !excused:
			t.Errorf("%s is in the table and of none of the gateway's pools", name)
		case excused:
			t.Logf("not of the gateway: %s: %s", name, reason)
		}
	}
	if t.Failed() {
		return
	}
	t.Logf(
		"%d of %d metrics, %d series of %d pools: names, types, descriptions and labels as in the table, values as in the "+
			"gateway's summary",
		len(seen),
		len(table),
		len(figures),
		len(pools),
	)
}
