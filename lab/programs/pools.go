package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otelpool/pool/lab/internal/others"
)

// poolCounts is what a pool did in benchmarks.
type poolCounts struct {
	Pool    string
	During  string // the benchmarks of a directory
	Gets    uint64
	Misses  uint64
	Puts    uint64
	Dropped uint64 // by Put
	Evicted uint64
}

// witness is a file for a package's external tests. Its benchmark is the last one to
// run, because the go command sorts files, and tells what the others' pools did.
const witness = `package %s_test

import (
	"encoding/json"
	"os"
	"testing"

	zzpool "github.com/otelpool/pool"
)

func BenchmarkZZPools(b *testing.B) {
	file, err := os.Create(os.Getenv("OTELPOOL_WITNESS"))
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for _, e := range zzpool.Default.All() {
		var s zzpool.Stats
		e.Stats(&s)
		if err := json.NewEncoder(file).Encode(map[string]any{
			"Pool": e.Name(), "Gets": s.Gets(), "Misses": s.Requests[zzpool.Miss], "Puts": s.Puts(),
			"Dropped": s.Puts() - s.Returns[zzpool.Pooled], "Evicted": evictions(s),
		}); err != nil {
			b.Fatal(err)
		}
	}
}

func evictions(s zzpool.Stats) (n uint64) {
	for _, of := range s.Evictions {
		n += of
	}
	return n
}
`

const witnessFile = "zz_otelpool_test.go"

// addWitness is for our copy.
func (r *runner) addWitness(ctx context.Context, dir string) error {
	c := r.copies[1]
	args := append([]string{"list", "-f", "{{.Name}}"}, c.flags()[:2]...)
	name, err := others.Go(ctx, c.dir, append(args, "./"+dir)...)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(witness, strings.TrimSpace(string(name)))
	return os.WriteFile(filepath.Join(c.dir, dir, witnessFile), []byte(text), 0o644)
}

// lookAtPools runs each benchmark once in our copy.
func (r *runner) lookAtPools(ctx context.Context) error {
	var mistakes []error
	for _, b := range r.program.benchmarks {
		seen, err := r.look(ctx, b)
		if err == nil && len(seen) == 0 {
			err = fmt.Errorf("the benchmarks %s of %s reach no pool: take them out of the table", b.pattern, b.dir)
		}
		mistakes = append(mistakes, err)
		r.found.Pools = append(r.found.Pools, seen...)
	}
	slices.SortFunc(r.found.Pools, func(a, b poolCounts) int { return cmp.Compare(b.Gets, a.Gets) })
	for _, line := range telling(r.found.Pools) {
		r.say("%s", line)
	}
	return errors.Join(mistakes...)
}

func (r *runner) look(ctx context.Context, b benchmarks) (all []poolCounts, err error) {
	file := filepath.Join(r.temp, "pools.json")
	cmd := exec.CommandContext(ctx, r.binary(1, b.dir), "-test.run=^$", "-test.benchtime=100ms",
		"-test.bench="+b.pattern+"|^BenchmarkZZPools$")
	cmd.Dir = filepath.Join(r.copies[1].dir, b.dir)
	cmd.Env = slices.Concat(os.Environ(), r.env, []string{"OTELPOOL_WITNESS=" + file})
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s of %s: %w\n%s", b.pattern, b.dir, err, out)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for d := json.NewDecoder(f); ; {
		p := poolCounts{During: b.dir}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		if p.Gets+p.Puts > 0 {
			all = append(all, p)
		}
	}
}
