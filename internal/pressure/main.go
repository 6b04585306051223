// Pressure shows what pools do to a process that runs short of memory: it runs
// the same service with one pool after the other in a control group of 256 MiB,
// once with a memory limit for the Go runtime and once without, prints what
// became of it, and fails if the adaptive pool does not keep its promises.
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

func run(ctx context.Context, args []string, out, progress io.Writer) error {
	flags := flag.NewFlagSet("pressure", flag.ContinueOnError)
	runs := flags.Int("runs", 10, "runs of the adaptive pool")
	others := flags.Int("others", 2, "runs of each other pool")
	short := flags.Bool("short", false, "one run of each pool that the verdict needs, of a shorter service; judges who survives, in the best of three tries")
	only := flags.String("pools", "", "comma-separated `names` of the pools to run, without a verdict; all: "+strings.Join(poolNames(), ","))
	verbose := flags.Bool("v", false, "print every run and what the controller decided")
	noGroup := flags.Bool("nogroup", false, "do without a control group, as where none can be made")
	lab := flags.String("lab", "", "used by the program itself: the service to run, as JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *runs < 1 || *others < 1 {
		return errors.New("pressure: takes no arguments, and -runs and -others of at least 1: see -help")
	}
	if *lab != "" {
		return runLab(ctx, *lab, out)
	}
	names, err := choose(*only, *short)
	if err != nil {
		return err
	}
	d := driver{runs: *runs, others: *others, verbose: *verbose, noGroup: *noGroup, progress: progress, plan: longPlan}
	if *short {
		d.runs, d.others, d.plan, d.short = 1, 1, shortPlan, true
	}
	return d.judge(ctx, names, *only == "", out)
}

// tries is how often what depends on the machine's other work is measured before
// it counts.
const tries = 3

// judge measures, prints, and says what promise was broken.
func (d *driver) judge(ctx context.Context, names []string, judged bool, out io.Writer) error {
	start := time.Now()
	defer func() { fmt.Fprintf(out, "\ntook %v\n", time.Since(start).Round(time.Second)) }()
	for try := 1; ; try++ {
		results, err := d.measure(ctx, names)
		if err != nil {
			return err
		}
		printTables(out, results)
		if !judged {
			return nil
		}
		broken, doubtful := verdict(results)
		if d.short { // one run of each says little about survival, and nothing about times
			if doubtful != nil {
				fmt.Fprintf(out, "\nnot judged by one short run:\n%v\n", doubtful)
			}
			broken, doubtful = nil, broken
		}
		if broken != nil || doubtful == nil || try == tries {
			return errors.Join(broken, doubtful)
		}
		fmt.Fprintf(out, "\n%v\nmeasured again: other programs may have had the processor\n", doubtful)
	}
}

// choose is the names of the pools to run.
func choose(only string, short bool) ([]string, error) {
	if only == "" && short {
		return []string{unlimited, gcSized, none, adaptivePool}, nil // none, for where sync.Pool dies
	}
	if only == "" {
		return poolNames(), nil
	}
	names := strings.Split(only, ",")
	for _, name := range names {
		if _, ok := pools[name]; !ok {
			return nil, fmt.Errorf("pressure: -pools: no pool %q: use some of %s", name, strings.Join(poolNames(), ", "))
		}
	}
	return names, nil
}
