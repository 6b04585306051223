// Poolscope builds a program, unchanged, so that every sync.Pool in it counts: the
// program's own, its dependencies' and the standard library's.
//
//	poolscope run [flags] [go's build flags] PACKAGE [arguments]
//	poolscope build [flags] [go's build flags] [PACKAGE]
//	poolscope test [flags] [go's flags] [PACKAGES]
//	poolscope calibrate [-costs FILE]
//	poolscope migrate [-w] PACKAGES
//
// The flags are -report FILE, -page ADDRESS, -advise, -prices CORE,GIB, -costs FILE and -otlp.
//
// The program serves the counts at ADDRESS, by default 127.0.0.1:0, and prints the
// address; -page "" leaves the page out. With -report it appends a table to FILE when it
// ends, also by Ctrl-C or with a failed test. Its standard output and exit code do not
// change. Page and table end with a verdict on each pool, whether pooling pays, and with
// -advise also with the places without a pool that allocate most short-lived memory. The
// verdict weighs the price of a core and of a GiB for a month, and the cost of allocating
// and pooling on this Go version. The cost is measured once, by calibrate or when it is
// needed, and kept in FILE or in the user's cache directory. With -otlp poolscope's own
// process exports the counts, as the OTEL_* variables say.
//
// With go's -race the detector reports each access to an object of a sync.Pool between its
// Put and its next Get, reads included, unless OTELPOOL_RACE_GHOSTS=off is in the program's
// environment.
//
// Poolscope writes nothing to the program's directory or module: through the go command's
// -overlay it replaces package sync and adds the report, and it requires no module. Only
// migrate changes sources, with -w: it makes each sync.Pool an otelpool.Pool, which counts
// for good.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

// run is main with its surroundings: it returns the exit code.
func run(args []string, stderr io.Writer) int {
	code, err := scope(args)
	if err != nil {
		fmt.Fprintf(stderr, "poolscope: %v\n", err)
		return max(code, 1)
	}
	return code
}

// scope runs the command that the arguments name, and returns its exit code.
func scope(args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "migrate" {
		return 0, migrate(args[1:], os.Stdout)
	}
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Print(help)
		return 0, nil
	}
	if err != nil {
		return 2, err
	}
	dir, err := os.MkdirTemp("", "poolscope-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := o.resolve(dir); err != nil {
		return 1, err
	}
	env, err := newToolchain(o.dir, filepath.Join(dir, "goroot"))
	if err != nil {
		return 1, err
	}
	if o.command == "calibrate" {
		return 0, calibrateAlone(o, env)
	}
	if err := env.check(o); err != nil {
		return 2, err
	}
	overlay, err := o.prepare(env, dir)
	if err != nil {
		return 1, err
	}
	if !o.otlp {
		return o.start(env, dir, overlay)
	}
	return exporting(addressFile(dir), func() (int, error) { return o.start(env, dir, overlay) })
}

// prepare finds the packages to build and writes the overlay for them.
func (o *options) prepare(env *toolchain, dir string) (string, error) {
	targets, err := findTargets(o, env)
	if err != nil {
		return "", err
	}
	if m := targets[0].Module; m != nil && env.cached(m.Dir) {
		if err := o.uncache(env, m, dir); err != nil {
			return "", err
		}
		if targets, err = findTargets(o, env); err != nil { // where the copy has them
			return "", err
		}
	}
	c, err := findCosts(o, env)
	if err != nil {
		return "", err
	}
	return writeOverlay(dir, env, targets, o, c)
}
