package main

import "strings"

// suite is the set of measurements of one command.
type suite struct {
	name      string
	count     int    // rounds
	benchtime string // per line and round
	steps     []step // of a round
}

// step is one run of a test binary.
type step struct {
	dir    string     // whose tests, from the repository's root
	name   string     // the benchmark's case
	pool   string     // the one pool; "" is all
	cpu    string     // values of GOMAXPROCS
	gogc   string     // "" leaves it alone
	factor int        // of the benchtime; 0 is 1
	only   [][]string // of each level of names below the case, the ones wanted; nil is all
}

// pattern is the step as an argument of -test.bench.
func (s step) pattern() string {
	var p strings.Builder
	p.WriteString("^Benchmark" + s.name + "$")
	only := s.only
	if only == nil && s.pool != "" {
		only = [][]string{{"pool=" + s.pool}}
	}
	for _, names := range only {
		p.WriteString("/^(" + strings.Join(names, "|") + ")$")
	}
	return p.String()
}

var suites = map[string]suite{
	"compare": {name: "compare", count: 10, benchtime: "100ms", steps: comparison()},
	"worth":   {name: "worth", count: 3, benchtime: "300ms", steps: worthSteps()},
	"growth":  {name: "growth", count: 5, benchtime: "100ms", steps: growthSteps()},
}

// comparison runs the two modules' benchmarks of a case right after each other.
func comparison() (steps []step) {
	for _, c := range []string{"GetPut", "GetPutParallel", "Mixed", "MixedParallel", "Handoff", "Burst", "BurstParallel", "ManyPools"} {
		steps = append(steps, step{dir: ".", name: c, cpu: "1,2"}, step{dir: "lab/bench", name: c, cpu: "1,2"})
	}
	for _, c := range []string{"Starved", "Objects", "ObjectsParallel"} {
		steps = append(steps, step{dir: ".", name: c, cpu: "1,2"})
	}
	return append(steps, step{dir: "strategies", name: "Safety", cpu: "1,2"}, step{dir: "strategies", name: "Append", cpu: "1"})
}

// worthSteps is a process of its own for each setting, whose peak of memory is
// then its own too.
func worthSteps() (steps []step) {
	for _, gogc := range []string{"25", "100", "400"} {
		for _, cpu := range []string{"1", "2"} {
			for _, pool := range []string{"none", "syncpool", "otelpool"} {
				steps = append(steps, step{dir: "examples/otlp", name: "Gateway", pool: pool, cpu: cpu, gogc: gogc, factor: 4})
			}
			steps = append(steps, step{dir: "lab/bench", name: "Echo", cpu: cpu, gogc: gogc})
		}
	}
	return steps
}

func growthSteps() (steps []step) {
	for _, c := range []string{"GrowthPools", "GrowthClasses", "GrowthIdle", "GrowthGoroutines", "GrowthCollect"} {
		steps = append(steps, step{dir: "lab/bench", name: c, cpu: "2"})
	}
	return append(steps, step{dir: "lab/bench", name: "GrowthProcs", cpu: "1,2,4,8,16,32,64"})
}
