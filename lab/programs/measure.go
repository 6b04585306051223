package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/otelpool/pool/lab/internal/others"
)

// found is what is kept of a program beside its figures.
type found struct {
	Changed string // what the change did
	Tests   tests
	Pools   []poolCounts
}

func (o *options) results(name, ext string) string {
	return filepath.Join(o.root, "lab", "programs", "results", name+ext)
}

// keep writes what is not a figure.
func (r *runner) keep(context.Context) error {
	text, err := json.MarshalIndent(r.found, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(r.results(r.program.name, ".json"), append(text, '\n'), 0o644)
}

// recall has the tests of the last time.
func (r *runner) recall(context.Context) error {
	last, err := r.readFound(r.program.name)
	r.found.Tests = last.Tests
	return err
}

func (o *options) readFound(name string) (f found, err error) {
	text, err := os.ReadFile(o.results(name, ".json"))
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(text, &f)
}

func (r *runner) binary(i int, dir string) string {
	return filepath.Join(r.temp, r.copies[i].name+"-"+strings.NewReplacer("/", "_", ".", "root").Replace(dir)+".test")
}

// build adds the witness to our copy, and compiles.
func (r *runner) build(ctx context.Context) error {
	for _, dir := range r.program.dirs() {
		if err := r.addWitness(ctx, dir); err != nil {
			return err
		}
	}
	return r.compile(ctx, 0)
}

// compile compiles the benchmarks' packages. The linker shuffles the functions, unless
// the seed is 0: where they lie makes some benchmarks slower by a third, whichever the pools.
func (r *runner) compile(ctx context.Context, seed int) error {
	for _, dir := range r.program.dirs() {
		for i, c := range r.copies {
			r.say("%s: compiling the benchmarks of %s, layout %d", c.name, dir, seed)
			layout := fmt.Sprintf("-ldflags=-randlayout=%d", seed)
			args := slices.Concat([]string{"test", "-c", "-o", r.binary(i, dir), layout}, c.flags(), []string{"./" + dir})
			if _, err := others.Go(ctx, c.dir, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// dirs are the packages that have the benchmarks.
func (p *program) dirs() (dirs []string) {
	for _, b := range p.benchmarks {
		if !slices.Contains(dirs, b.dir) {
			dirs = append(dirs, b.dir)
		}
	}
	return dirs
}

// measured is how benchmarks are run: collections that come often, and as users have them.
var measured = []string{"25", "100"}

// measure runs the benchmarks in turn, so that a change of the machine's speed meets both
// copies alike. Every other round begins with the other copy, and each has another layout.
func (r *runner) measure(ctx context.Context) (err error) {
	out, err := os.CreateTemp(r.temp, "figures")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "go: %s\ncores: %d\ndate: %s\nrounds: %d\nbenchtime: %v\nlayout: shuffled\n",
		runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format("2006-01-02"), r.rounds, r.benchtime)
	for round := range r.rounds {
		r.say("round %d of %d", round+1, r.rounds)
		if err := r.compile(ctx, round+1); err != nil {
			return errors.Join(err, out.Close())
		}
		for _, gogc := range measured {
			for _, b := range r.program.benchmarks {
				for i := range 2 {
					if err := r.figure(ctx, out, b, gogc, (round+i)%2); err != nil {
						return errors.Join(err, out.Close())
					}
				}
			}
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		return err
	}
	return os.WriteFile(r.results(r.program.name, ".txt"), text, 0o644)
}

func (r *runner) figure(ctx context.Context, out io.Writer, b benchmarks, gogc string, i int) error {
	fmt.Fprintf(out, "copy: %s\ngogc: %s\n", r.copies[i].name, gogc)
	command := append(strings.Fields(r.exec), r.binary(i, b.dir), "-test.run=^$", "-test.benchmem",
		"-test.benchtime="+r.benchtime.String(), "-test.bench="+b.pattern)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = filepath.Join(r.copies[i].dir, b.dir)
	cmd.Env = slices.Concat(os.Environ(), r.env, []string{"GOGC=" + gogc})
	text, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s of %s in %s: %w\n%s", b.pattern, b.dir, r.copies[i].name, err, text)
	}
	return keepBenchmarks(out, text)
}

// keepBenchmarks leaves out what a program prints beside its figures.
func keepBenchmarks(out io.Writer, text []byte) error {
	for line := range strings.Lines(string(text)) {
		key, _, _ := strings.Cut(line, ":")
		if key == "pkg" || key == "cpu" || strings.HasPrefix(line, "Benchmark") && strings.Contains(line, " ns/op") {
			if _, err := io.WriteString(out, line); err != nil {
				return err
			}
		}
	}
	return nil
}
