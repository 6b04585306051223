package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// start builds the program and runs it, with poolscope's own input and output. It returns the exit
// code.
func (o *options) start(env *toolchain, dir, overlay string) (int, error) {
	if err := o.keepOutput(); err != nil {
		return 1, err
	}
	flags := append(slices.Clone(o.flags), "-overlay="+overlay)
	switch o.command {
	case "build":
		return wait(env.command(o.dir, slices.Concat([]string{"build"}, flags, o.files())...))
	case "test":
		return wait(env.command(o.dir, slices.Concat([]string{"test"}, flags, o.uncached(), o.targets, o.rest)...))
	}
	program := filepath.Join(dir, "program"+suffix())
	code, err := wait(env.command(o.dir, slices.Concat([]string{"build"}, flags, []string{"-o", program}, o.files())...))
	if code != 0 || err != nil {
		return code, err
	}
	return wait(exec.Command(program, o.rest...))
}

// files are the arguments to build: a list of files needs ours too.
func (o *options) files() []string {
	if !o.inFiles() {
		return o.targets
	}
	return append(slices.Clone(o.targets), filepath.Join(filepath.Dir(o.targets[0]), "zz_poolscope.go"))
}

// keepOutput moves the binary built from a copy of a module to the place asked for, or here.
func (o *options) keepOutput() error {
	if o.command != "build" || o.dir == "" {
		return nil
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	for i, f := range o.flags {
		switch name, value, joined := strings.Cut(strings.TrimLeft(f, "-"), "="); {
		case name == "o" && joined && !filepath.IsAbs(value):
			o.flags[i] = "-o=" + filepath.Join(here, value)
			return nil
		case name == "o" && !joined && i+1 < len(o.flags) && !filepath.IsAbs(o.flags[i+1]):
			o.flags[i+1] = filepath.Join(here, o.flags[i+1])
			return nil
		case name == "o":
			return nil
		}
	}
	o.flags = append(o.flags, "-o", here+string(filepath.Separator))
	return nil
}

// uncached adds the flag that runs a test again, because a cached result counts nothing.
func (o *options) uncached() []string {
	for _, a := range slices.Concat(o.flags, o.rest) {
		if strings.HasPrefix(strings.TrimLeft(a, "-"), "count") {
			return nil
		}
	}
	return []string{"-count=1"}
}

// wait runs a program to its end. Ctrl-C reaches both the program and poolscope, which stays until
// the program has ended; poolscope passes SIGTERM on.
func wait(cmd *exec.Cmd) (int, error) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	for {
		select {
		case s := <-signals:
			if s == syscall.SIGTERM {
				_ = cmd.Process.Signal(s)
			}
		case err := <-over:
			return exitCode(err)
		}
	}
}

// exitCode is the exit code of a program that has ended, or a shell's code for one that a signal
// ended.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return 1, fmt.Errorf("run: %w", err)
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return max(exit.ExitCode(), 1), nil
}

// suffix ends the names of programs.
func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
