package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/internal/magazine"
	"github.com/otelpool/pool/internal/sim"
	"github.com/otelpool/pool/internal/trace"
)

// policy is a row of the tables.
type policy struct {
	name     string
	does     string
	foresees bool
	run      func(t *trace.Trace, watch sim.Watcher) (sim.Result, error)
}

// throughEngine is the policy that is replayed on one P, so that every run has
// the same result.
const throughEngine = "shipped, engine"

// section is the content of a table: all policies on all traces under one condition.
type section struct {
	Title    string       `json:"title"`
	T        float64      `json:"break_even_s,omitempty"`
	Budget   string       `json:"budget,omitempty"`
	Policies []string     `json:"policies"`
	Results  []sim.Result `json:"results"`

	policies []policy
	missed   bool // the cost is only the bytes missed
}

// report is all sections.
type report struct {
	Sections []*section `json:"sections"`
}

// replay runs every policy on every trace.
func (o *options) replay(traces []*trace.Trace, p *progress) (*report, error) {
	r := new(report)
	if o.budget.set() {
		r.Sections = append(r.Sections, o.budgetSection(traces))
	} else {
		for _, T := range o.times {
			r.Sections = append(r.Sections, o.timeSection(T))
		}
	}
	var err error
	for _, s := range r.Sections {
		err = errors.Join(err, s.fill(traces, o.svg, p))
	}
	p.end()
	return r, err
}

// fill replays on all CPUs where it may. Its results are in order of policies
// and traces.
func (s *section) fill(traces []*trace.Trace, svg string, p *progress) error {
	s.Results = make([]sim.Result, len(s.policies)*len(traces))
	errs := make([]error, len(s.Results))
	p.begin(s.Title, len(s.Results))
	var wg sync.WaitGroup
	each := func(onOneP bool) {
		running := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, policy := range s.policies {
			for j, t := range traces {
				if (policy.name == throughEngine) != onOneP {
					continue
				}
				running <- struct{}{}
				wg.Go(func() {
					at := i*len(traces) + j
					s.Results[at], errs[at] = s.one(policy, t, svg)
					p.step(policy.name, t.Name)
					<-running
				})
			}
		}
		wg.Wait()
	}
	for _, policy := range s.policies {
		s.Policies = append(s.Policies, policy.name)
	}
	each(false)
	sim.OnOneP(func() { each(true) })
	s.compare(len(traces))
	return errors.Join(errs...)
}

// one replays one trace, and draws it.
func (s *section) one(p policy, t *trace.Trace, svg string) (sim.Result, error) {
	var c *chart
	var watch sim.Watcher
	if svg != "" {
		c = newChart(fmt.Sprintf("%s: %s, %s", t.Name, p.name, s.Title), t.End())
		watch = c.add
	}
	r, err := p.run(t, watch)
	r.Policy, r.Trace = p.name, t.Name
	if c == nil || err != nil || len(c.points) == 0 {
		return r, err
	}
	if err := os.MkdirAll(svg, 0o755); err != nil {
		return r, err
	}
	return r, os.WriteFile(filepath.Join(svg, fileName(t.Name, s.Title, p.name)+".svg"), c.svg(), 0o644)
}

// compare sets the ratios to the first policy's cost, which knows the future.
func (s *section) compare(traces int) {
	for i := range s.Results {
		r, best := &s.Results[i], &s.Results[i%traces]
		if s.missed {
			r.Cost = float64(r.MissedBytes)
		}
		if cost := best.Cost; cost > 0 {
			r.Ratio = r.Cost / cost
		} else {
			r.Ratio = 1 // nothing was asked for
		}
	}
}

// timeSection is the comparison at a break-even time.
func (o *options) timeSection(breakEven time.Duration) *section {
	s := &section{Title: fmt.Sprintf("T = %v", breakEven), T: breakEven.Seconds()}
	s.policies = append(s.policies, policy{
		"optimum", "knows the whole recording: holds what is used again within T", true,
		func(t *trace.Trace, _ sim.Watcher) (sim.Result, error) { return sim.Optimum(t, breakEven), nil },
	})
	for _, rival := range sim.Rivals(breakEven) {
		s.policies = append(s.policies, policy{
			rival.Name, rival.Does, rival.Foresees,
			func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
				return sim.Replay(t, rival.Name, rival.New(t), breakEven, watch), nil
			},
		})
	}
	s.policies = append(s.policies, policy{
		"shipped", "package adaptive, exactly counted slots", false,
		func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
			return (&sim.Shipped{Watch: watch}).Replay(t, "shipped", breakEven)
		},
	})
	if o.engine {
		s.policies = append(s.policies, policy{
			throughEngine, "package adaptive and the engine of the pools, on one P", false,
			func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
				if len(t.Sizes) > magazine.MaxClasses {
					return sim.Result{}, fmt.Errorf("%s has %d size classes and the engine at most %d: use -classes pow2, or -engine=false",
						t.Name, len(t.Sizes), magazine.MaxClasses)
				}
				return (&sim.Shipped{Watch: watch}).ReplayEngine(t, "shipped", breakEven)
			},
		})
	}
	return s
}

// budgetSection compares the misses caused by a lack of room. No object is dropped
// for its age, so the policies differ only in how they use the room.
func (o *options) budgetSection(traces []*trace.Trace) *section {
	text := fmt.Sprintf("%d bytes", o.budget.bytes)
	if o.budget.share > 0 {
		text = fmt.Sprintf("%g %% of the unlimited peak", 100*o.budget.share)
	}
	s := &section{Title: "budget = " + text, Budget: text, missed: true}
	bytes := make(map[*trace.Trace]int64)
	for _, t := range traces {
		bytes[t] = cmp.Or(o.budget.bytes, max(int64(o.budget.share*float64(sim.PeakIdle(t))), 1))
	}
	s.policies = []policy{
		{"clairvoyant", "drops what is used again last (Belady)", true, func(t *trace.Trace, _ sim.Watcher) (sim.Result, error) {
			return sim.Clairvoyant(t, bytes[t]), nil
		}},
		{"unlimited", "keeps everything", false, func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
			return sim.Replay(t, "", sim.Unlimited(t.Sizes), sim.Patient, watch), nil
		}},
		{"full is full", "drops what comes back when the budget is full", false,
			func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
				return sim.Replay(t, "", sim.Full(t.Sizes, bytes[t]), sim.Patient, watch), nil
			}},
		{"equal shares", "the same bytes for every class", false, func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
			return sim.Replay(t, "", sim.Capped(t.Sizes, sim.EqualShares(t.Sizes, bytes[t])), sim.Patient, watch), nil
		}},
		{"shipped", "package adaptive, exactly counted slots", false, func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
			s := sim.Shipped{Watch: watch, Config: adaptive.Config{MaxIdleBytes: bytes[t]}}
			return s.Replay(t, "shipped", sim.Patient)
		}},
	}
	if o.engine {
		s.policies = append(s.policies, policy{throughEngine, "package adaptive and the engine of the pools, on one P", false,
			func(t *trace.Trace, watch sim.Watcher) (sim.Result, error) {
				s := sim.Shipped{Watch: watch, Config: adaptive.Config{MaxIdleBytes: bytes[t]}}
				return s.ReplayEngine(t, "shipped", sim.Patient)
			}})
	}
	return s
}

// rows is the section's results by policy.
func (s *section) rows() [][]sim.Result {
	return slices.Collect(slices.Chunk(s.Results, len(s.Results)/len(s.Policies)))
}
