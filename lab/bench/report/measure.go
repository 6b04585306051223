package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// measure runs a suite's steps, round by round, and writes what they print in
// the Go benchmark format. filter, if it is not nil, may narrow a step down, or
// leave it out.
func measure(ctx context.Context, o options, s suite, filter func(step) (step, bool), out, progress io.Writer) error {
	count, per, err := o.extent(s)
	if err != nil {
		return err
	}
	steps := s.steps
	if filter != nil {
		steps = nil
		for _, st := range s.steps {
			if st, wanted := filter(st); wanted {
				steps = append(steps, st)
			}
		}
	}
	m := machinery{options: o, per: per, out: out, progress: progress}
	defer m.close()
	fmt.Fprintf(progress, "%s: %d rounds of %d steps, %v per line; building …\n", s.name, count, len(steps), per)
	if err := m.build(ctx, steps); err != nil {
		return err
	}
	if err := m.header(ctx, count); err != nil {
		return err
	}
	return m.rounds(ctx, steps, count)
}

// extent is how many rounds a suite has and how long a line takes in each.
func (o options) extent(s suite) (count int, per time.Duration, err error) {
	count, benchtime := s.count, s.benchtime
	if o.count > 0 {
		count = o.count
	}
	if o.benchtime != "" {
		benchtime = o.benchtime
	}
	if per, err = time.ParseDuration(benchtime); err != nil {
		return 0, 0, fmt.Errorf("-benchtime: %w", err)
	}
	return count, per, nil
}

// machinery runs steps.
type machinery struct {
	options
	per           time.Duration
	out, progress io.Writer
	tmp           string
	binaries      map[string]string // by directory
}

func (m *machinery) build(ctx context.Context, steps []step) (err error) {
	if m.tmp, err = os.MkdirTemp("", "otelpool-bench"); err != nil {
		return err
	}
	m.binaries = map[string]string{}
	for _, st := range steps {
		if m.binaries[st.dir] != "" {
			continue
		}
		binary := filepath.Join(m.tmp, "b"+strconv.Itoa(len(m.binaries))+".test")
		cmd := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, ".")
		cmd.Dir = filepath.Join(m.root, st.dir)
		cmd.Env = append(os.Environ(), "GOWORK="+gowork(st.dir))
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("building the benchmarks of %s: %w\n%s", st.dir, err, text)
		}
		m.binaries[st.dir] = binary
	}
	return nil
}

// gowork is the value that GOWORK needs in a module: see .ci/modules.
func gowork(dir string) string {
	if dir == "examples/otlp" {
		return ""
	}
	return "off"
}

func (m *machinery) close() {
	if m.tmp != "" {
		_ = os.RemoveAll(m.tmp) // in the system's directory for such things
	}
}

// header says in the output what it was measured with.
func (m *machinery) header(ctx context.Context, count int) error {
	_, err := fmt.Fprintf(m.out, "go: %s\nkernel: %s\nvendor: %v\ncommit: %s\ndate: %s\ncores: %d\nrounds: %d\nbenchtime: %v\n",
		runtime.Version(), m.output(ctx, "uname", "-sr"), cpuid.CPU.VendorID, m.commit(ctx),
		time.Now().UTC().Format("2006-01-02 15:04 MST"), runtime.NumCPU(), count, m.per)
	return err
}

func (m *machinery) commit(ctx context.Context) string {
	commit := m.output(ctx, "git", "rev-parse", "--short=12", "HEAD")
	if m.output(ctx, "git", "status", "--porcelain", "--", "*.go") != "" {
		commit += " with changes"
	}
	return commit
}

// output returns a command's output, for people to read: nothing if it fails.
func (m *machinery) output(ctx context.Context, name string, args ...string) string {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = m.root
	text, _ := cmd.Output() // a machine without git measures as well
	return strings.TrimSpace(string(text))
}

func (m *machinery) rounds(ctx context.Context, steps []step, count int) error {
	start, done := time.Now(), 0
	for round := range count {
		for _, st := range steps {
			left := "the first round tells how long it takes"
			if round > 0 {
				spent := time.Since(start)
				left = fmt.Sprintf("%v left", (spent * time.Duration(len(steps)*count-done) / time.Duration(done)).Round(time.Second))
			}
			fmt.Fprintf(m.progress, "round %d of %d: %s %s, cpu %s, %s\n", round+1, count, st.dir, st.label(), st.cpu, left)
			if err := m.step(ctx, st); err != nil {
				return err
			}
			done++
		}
	}
	fmt.Fprintf(m.progress, "measured in %v\n", time.Since(start).Round(time.Second))
	return nil
}

// label is a step for people.
func (s step) label() string {
	text := s.name
	if s.pool != "" {
		text += " " + s.pool
	}
	if s.gogc != "" {
		text += ", GOGC " + s.gogc
	}
	return text
}

func (m *machinery) step(ctx context.Context, st step) error {
	cmd := exec.CommandContext(ctx, m.binaries[st.dir], "-test.run=^$", "-test.bench="+st.pattern(), "-test.benchmem",
		"-test.cpu="+st.cpu, "-test.benchtime="+(m.per*time.Duration(max(st.factor, 1))).String())
	cmd.Dir = filepath.Join(m.root, st.dir)
	cmd.Env = os.Environ()
	if st.gogc != "" {
		cmd.Env = append(cmd.Env, "GOGC="+st.gogc)
	}
	if _, err := fmt.Fprintf(m.out, "gogc: %s\n", st.gogc); err != nil {
		return err
	}
	var problems strings.Builder
	cmd.Stdout, cmd.Stderr = m.out, &problems
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s in %s: %w\n%s", st.label(), st.dir, err, problems.String())
	}
	return nil
}
