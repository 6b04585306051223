// Command report measures and writes down what it measured. From the root,
// `make bench`, `make worth` and `make growth` run it:
//
//	report [flags] compare   our pools and those of other libraries, side by side
//	report [flags] worth     what pooling gains a service, and where it does not pay
//	report [flags] growth    how cost grows with pools, classes, Ps, goroutines, idle buffers
//	report [flags] check     fails if a bound of bounds.yaml is broken, by its own short run
//	report [flags] processor our ratios to sync.Pool on this machine, beside those on others
//	report render            writes everything anew from the measurements there are
//
// The first three run the benchmarks of their suite in turn, -count times, so that
// a change of the machine's speed meets all alike; keep what was printed in
// lab/bench/results/SUITE.txt, which benchstat reads too; and fill in the marked blocks
// of BENCHMARKS.md and docs/strategies.md and the charts in lab/bench/results.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

// options holds the command line.
type options struct {
	root      string // of the repository
	count     int
	benchtime string
	lenient   bool
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o := options{}
	f := flag.NewFlagSet("report", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.root, "root", "../..", "the repository's root")
	f.IntVar(&o.count, "count", 0, "rounds; 0 is what the suite is meant to have")
	f.StringVar(&o.benchtime, "benchtime", "", "time per line and round; empty is what the suite is meant to have")
	f.BoolVar(&o.lenient, "lenient", false, "check: the bounds for CI, of the fastest round instead of the median")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 {
		return fmt.Errorf("%d arguments: say one of compare, worth, growth, check, processor, render", f.NArg())
	}
	switch command := f.Arg(0); command {
	case "check":
		return check(ctx, o, stdout, stderr)
	case "processor":
		return measureProcessor(ctx, o, stdout, stderr)
	case "render":
		return render(o)
	default:
		s, ok := suites[command]
		if !ok {
			return fmt.Errorf("no command %q: use compare, worth, growth, check, processor or render", command)
		}
		return measureAndRender(ctx, o, s, stdout, stderr)
	}
}

func measureAndRender(ctx context.Context, o options, s suite, stdout, stderr io.Writer) error {
	file := o.raw(s)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	out, err := os.CreateTemp(filepath.Dir(file), "*.tmp") // what was there stays if this is broken off
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	err = measure(ctx, o, s, nil, out, stderr)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if err := os.Chmod(out.Name(), 0o644); err != nil {
		return err
	}
	if err := os.Rename(out.Name(), file); err != nil {
		return err
	}
	if s.name == "compare" {
		if _, err := keepProcessor(o, file); err != nil {
			return err
		}
	}
	if err := render(o); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "written: %s, BENCHMARKS.md, docs/strategies.md, lab/bench/results/*.svg\n", file)
	return nil
}

// raw is where a suite's output is kept.
func (o options) raw(s suite) string {
	return filepath.Join(o.root, "lab", "bench", "results", s.name+".txt")
}
