// Poolscope builds a program, unchanged, so that every sync.Pool in it is counted: the
// program's own, its dependencies' and the standard library's.
//
//	poolscope run [-report FILE] [-page ADDRESS] [-otlp] [go's build flags] PACKAGE [arguments]
//	poolscope build [-report FILE] [-page ADDRESS] [go's build flags] [PACKAGE]
//	poolscope test [-report FILE] [-page ADDRESS] [-otlp] [go's flags] [PACKAGE]
//
// The program serves the counts at ADDRESS, 127.0.0.1:0 unless that is given, and prints
// where; -page "" leaves the page out. With -report it appends a table to FILE when it
// ends, also by Ctrl-C or with a failed test. Its standard output and exit code are its own.
// With -otlp poolscope's own process exports the counts, as the OTEL_* variables say.
//
// Nothing is written to the program's directory or module: package sync is replaced, and
// the report added, by the go command's -overlay, and no module is required.
package main

import (
	"fmt"
	"io"
	"os"
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

// scope does what the arguments say and returns the exit code of what it ran.
func scope(args []string) (code int, err error) {
	o, err := parse(args)
	if err != nil {
		return 2, err
	}
	env, err := newToolchain()
	if err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "poolscope-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if err := o.resolve(dir); err != nil {
		return 1, err
	}
	t, err := findTarget(o)
	if err != nil {
		return 1, err
	}
	overlay, err := writeOverlay(dir, env, t, o)
	if err != nil {
		return 1, err
	}
	if !o.otlp {
		return o.start(dir, overlay)
	}
	return exporting(addressFile(dir), func() (int, error) { return o.start(dir, overlay) })
}
