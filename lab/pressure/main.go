// Pressure shows what pools do to a process that runs short of memory: it runs a
// service with one pool after the other in a control group, in scenarios that a
// table lists, each with a memory limit for the Go runtime and without; prints
// what became of it and of its neighbours, and fails if ours is worse than doing
// nothing.
//
// Where no control group can be made, it says so and runs what needs none.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	short, full, survivals, noGroup bool
	scenarios, settings, pools      list
	runs, others                    int
	budget                          int64
	results, keep                   string
}

// list is names between commas.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(text string) error {
	*l = strings.Split(text, ",")
	return nil
}

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	var o options
	flags := flag.NewFlagSet("pressure", flag.ContinueOnError)
	flags.BoolVar(&o.short, "short", false, "the scenarios that matter most, one run of ours each; the others run where ours dies")
	flags.BoolVar(&o.full, "full", false, "all scenarios, ten runs of ours, unlimited and sync.Pool, two of the others: hours")
	flags.BoolVar(&o.survivals, "survivals", false, "compare survivals alone: for a machine so slow that times and paces mean nothing")
	flags.BoolVar(&o.noGroup, "nogroup", false, "do without a control group, as where none can be made")
	flags.Var(&o.scenarios, "scenarios", "comma-separated `names` of scenarios to run; all: "+strings.Join(scenarioNames(), ","))
	flags.Var(&o.settings, "settings", "comma-separated `names` of settings: "+strings.Join(settings, ","))
	flags.Var(&o.pools, "pools", "comma-separated `names` of the pools to run; all: "+strings.Join(poolNames(), ","))
	flags.IntVar(&o.runs, "runs", 0, "runs of ours, unlimited and sync.Pool; 0 is as many as the length has")
	flags.IntVar(&o.others, "others", 0, "runs of the other pools; 0 is as many as the length has")
	flags.Int64Var(&o.budget, "budget", -1, "idle `bytes` that the controller allows, 0 for its default; -1 is what the scenario says")
	flags.StringVar(&o.results, "results", "", "`file` to which results are appended, and of which those of this build count as run")
	flags.StringVar(&o.keep, "keep", "", "`directory` to leave what the controller saw and decided in, compressed")
	lab := flags.String("lab", "", "used by the program itself: the service to run, as JSON")
	beside := flags.String("neighbour", "", "used by the program itself: the neighbour to run, as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case *lab != "":
		return runLab(ctx, *lab, out)
	case *beside != "":
		return runNeighbour(ctx, *beside)
	case flags.NArg() > 0:
		return fmt.Errorf("pressure: %q: takes no arguments: see -help", flags.Arg(0))
	}
	s, err := newSession(&o, out, progress)
	if err != nil {
		return err
	}
	start := time.Now()
	defer func() { fmt.Fprintf(out, "\ntook %v\n", time.Since(start).Round(time.Second)) }()
	return s.measureAndJudge(ctx)
}

func unknownPool(name string) error {
	return fmt.Errorf("no pool %q: use some of %s", name, strings.Join(poolNames(), ", "))
}

// check returns all that is wrong with the flags.
func (o *options) check() error {
	var errs []error
	for _, name := range o.pools {
		if !slices.Contains(poolNames(), name) {
			errs = append(errs, fmt.Errorf("pressure: -pools: %w", unknownPool(name)))
		}
	}
	for _, name := range o.settings {
		if !slices.Contains(settings, name) {
			errs = append(errs, fmt.Errorf("pressure: -settings: no setting %q: use some of %s", name, strings.Join(settings, ", ")))
		}
	}
	for _, name := range o.scenarios {
		if !slices.Contains(scenarioNames(), name) {
			errs = append(
				errs,
				fmt.Errorf("pressure: -scenarios: no scenario %q: use some of %s", name, strings.Join(scenarioNames(), ", ")),
			)
		}
	}
	if o.runs < 0 || o.others < 0 {
		errs = append(errs, errors.New("pressure: -runs and -others are numbers of runs: use 1 or more, or 0 for the length's"))
	}
	if o.short && o.full {
		errs = append(errs, errors.New("pressure: -short and -full exclude each other"))
	}
	return errors.Join(errs...)
}
