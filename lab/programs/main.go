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
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "programs:", err)
		os.Exit(1)
	}
}

// options holds the command line.
type options struct {
	root      string // of the repository
	program   string
	short     bool
	figures   bool
	render    bool
	rounds    int
	benchtime time.Duration
	exec      string
}

func run(ctx context.Context, args []string, progress io.Writer) (err error) {
	o := options{}
	f := flag.NewFlagSet("programs", flag.ContinueOnError)
	f.SetOutput(progress)
	f.StringVar(&o.root, "root", "..", "the repository's root")
	f.StringVar(&o.program, "program", "", "only this one of "+strings.Join(names(), ", "))
	f.BoolVar(&o.short, "short", false, "only the tests and whether each benchmark reaches a pool; writes nothing")
	f.BoolVar(&o.figures, "figures", false, "not the tests: what became of them last time stays")
	f.BoolVar(&o.render, "render", false, "only write the page, from what was measured last")
	f.IntVar(&o.rounds, "rounds", 8, "how often each benchmark is run in each copy")
	f.DurationVar(&o.benchtime, "benchtime", 200*time.Millisecond, "how long, each time")
	f.StringVar(&o.exec, "exec", "", "a program that runs the benchmarks, as in go test -exec")
	if err := f.Parse(args); err != nil {
		return err
	}
	if o.root, err = filepath.Abs(o.root); err != nil {
		return err
	}
	if !o.render {
		if err := o.runPrograms(ctx, progress); err != nil {
			return err
		}
	}
	if o.short {
		return nil
	}
	return o.writePage()
}

// runPrograms keeps each program's results before the next one begins.
func (o *options) runPrograms(ctx context.Context, progress io.Writer) error {
	wanted, err := chosen(o.program)
	if err != nil {
		return err
	}
	var problems []error
	for _, p := range wanted {
		if err := o.runProgram(ctx, p, progress); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return errors.Join(problems...)
}

// runProgram fails for tests that differ too, but keeps them for the page.
func (o *options) runProgram(ctx context.Context, p program, progress io.Writer) (err error) {
	temp, err := os.MkdirTemp("", "otelpool-programs-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	r := &runner{options: *o, program: p, temp: temp, env: []string{"TMPDIR=" + temp}, progress: progress}
	for _, step := range r.steps() {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return r.found.Tests.verdict()
}

func (r *runner) steps() []func(context.Context) error {
	switch {
	case r.short:
		return []func(context.Context) error{r.makeCopies, r.runTests, r.build, r.lookAtPools}
	case r.figures:
		return []func(context.Context) error{r.makeCopies, r.recall, r.build, r.lookAtPools, r.keep, r.measure}
	default:
		return []func(context.Context) error{r.makeCopies, r.runTests, r.keep, r.build, r.lookAtPools, r.keep, r.measure}
	}
}

// runner does one program.
type runner struct {
	options
	program  program
	temp     string
	env      []string // what they leave behind goes with temp
	progress io.Writer
	copies   [2]codeCopy // theirs, ours
	found    found
}

func (r *runner) say(format string, args ...any) {
	fmt.Fprintf(r.progress, "%s: %s\n", r.program.name, fmt.Sprintf(format, args...))
}
