package main

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

//go:embed measure/main.go.txt
var measure []byte

// costs has the costs of allocating and pooling on a Go version, in nanoseconds.
type costs struct {
	Go                       string
	Alloc                    [][2]float64 // sizes, and the cost of allocating one
	Pair, Burst, Miss, Fresh float64
}

// costsFile is the file with the costs of a Go version.
func costsFile(o *options, env *toolchain) string {
	if o.costs != "" {
		return o.costs
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "poolscope", "costs-"+strings.ReplaceAll(env.GOVERSION, " ", "_")+"-"+env.GOARCH+".json")
}

// findCosts reads the costs, or measures and keeps them. If the directory cannot be written to, the
// next run measures them again.
func findCosts(o *options, env *toolchain) (*costs, error) {
	file := costsFile(o, env)
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintf(os.Stderr, "poolscope: measuring the costs of allocating and pooling with %s, once\n", env.GOVERSION)
		return calibrate(file, env)
	}
	c, err := parseCosts(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: poolscope calibrate measures them again", file, err)
	}
	if c.Go != env.GOVERSION && o.costs != "" {
		return nil, fmt.Errorf("-costs %s: these are costs of %s, but the program is built with %s", file, c.Go, env.GOVERSION)
	}
	return c, nil
}

func parseCosts(text []byte) (*costs, error) {
	c := new(costs)
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("not the costs of a Go version: %w", err)
	}
	if len(c.Alloc) < 2 || min(c.Pair, c.Burst, c.Miss, c.Fresh) <= 0 {
		return nil, errors.New("not the costs of a Go version: some are missing")
	}
	return c, nil
}

// calibrate measures the costs in a program that is built like any other, and keeps them if it can.
func calibrate(file string, env *toolchain) (*costs, error) {
	dir, err := os.MkdirTemp("", "poolscope-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), measure, 0o666); err != nil {
		return nil, err
	}
	cmd := env.fixed(dir, "run", "main.go")
	cmd.Env = append(cmd.Env, "GOFLAGS=", "GOWORK=off", "GOGC=100", "GODEBUG=", "GOMEMLIMIT=off")
	text, err := asked(cmd)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	keep(file, text)
	return parseCosts(text)
}

// keep writes a file at once, as others may be reading it.
func keep(file string, text []byte) {
	if file == "" || os.MkdirAll(filepath.Dir(file), 0o777) != nil {
		return
	}
	f, err := os.CreateTemp(filepath.Dir(file), "costs")
	if err != nil {
		return
	}
	_, err = f.Write(text)
	if cmp.Or(err, f.Close(), os.Rename(f.Name(), file)) != nil {
		os.Remove(f.Name())
	}
}

// calibrateAlone is the command: it measures, and prints the costs and the file that keeps them.
func calibrateAlone(o *options, env *toolchain) error {
	file := costsFile(o, env)
	c, err := calibrate(file, env)
	if err != nil {
		return err
	}
	fmt.Printf("%s: a pair of Get and Put %.1f ns, among many %.1f ns, a miss %.1f ns, the first of a pool %.0f ns\n",
		c.Go, c.Pair, c.Burst, c.Miss, c.Fresh)
	for _, a := range c.Alloc {
		fmt.Printf("%9.0f B %9.1f ns\n", a[0], a[1])
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("not kept: %w", err)
	}
	fmt.Println("kept in", file)
	return nil
}

// literal is the costs as source of the program to build.
func (c *costs) literal() string {
	return fmt.Sprintf("scopeCost{alloc: %#v, pair: %g, burst: %g, miss: %g, fresh: %g}", c.Alloc, c.Pair, c.Burst, c.Miss, c.Fresh)
}
