package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// options has what the arguments say.
type options struct {
	command string // run, build or test
	report  string // an absolute path; "" for none
	page    string
	otlp    bool
	advise  bool
	costs   string // the file; "" for the one in the user's cache directory
	prices  string
	price   [2]float64 // of a core and of a GiB, a month
	flags   []string   // the go command's
	targets []string   // packages or files
	rest    []string   // run: the program's arguments; test: what comes after the packages
	dir     string     // where the go command runs; "" for here
}

const usage = "usage: poolscope run|build|test [-report FILE] [-page ADDRESS] [-advise] [-costs FILE] [-prices CORE,GIB] [-otlp] " +
	"[go arguments], or calibrate [-costs FILE], or migrate [-w] PACKAGES"

// parse reads the arguments. Flags that are not poolscope's are the go command's.
func parse(args []string) (*options, error) {
	if len(args) == 0 || !slices.Contains([]string{"run", "build", "test", "calibrate"}, args[0]) {
		return nil, errors.New(usage)
	}
	o := &options{command: args[0], page: "127.0.0.1:0", prices: "16,2"}
	args, err := o.parseFlags(args[1:])
	if err != nil {
		return nil, err
	}
	n := len(args)
	switch o.command {
	case "run":
		n = min(n, 1)
		for n > 0 && n < len(args) && strings.HasSuffix(args[n-1], ".go") && strings.HasSuffix(args[n], ".go") {
			n++
		}
	case "test":
		n = slices.IndexFunc(append(slices.Clone(args), "-"), func(a string) bool { return strings.HasPrefix(a, "-") })
	}
	o.targets, o.rest = args[:n], args[n:]
	if len(o.targets) == 0 {
		o.targets = []string{"."}
	}
	return o, o.check()
}

// parseFlags takes the flags in front and returns what follows them.
func (o *options) parseFlags(args []string) ([]string, error) {
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		name, value, joined := strings.Cut(strings.TrimLeft(args[0], "-"), "=")
		if on := map[string]*bool{"otlp": &o.otlp, "advise": &o.advise}[name]; on != nil && !joined {
			*on, args = true, args[1:]
			continue
		}
		into := map[string]*string{"report": &o.report, "page": &o.page, "costs": &o.costs, "prices": &o.prices}[name]
		words := 1
		if !joined && (into != nil || slices.Contains(takeValue, name)) {
			if words++; len(args) < words {
				return nil, fmt.Errorf("-%s needs a value", name)
			}
			value = args[1]
		}
		if into != nil {
			*into = value
		} else {
			o.flags = append(o.flags, args[:words]...)
		}
		args = args[words:]
	}
	return args, nil
}

// takeValue has the go command's flags whose value may be the next argument.
var takeValue = []string{
	"p", "covermode", "coverpkg", "asmflags", "buildmode", "buildvcs", "compiler", "gccgoflags", "gcflags", "installsuffix", "ldflags",
	"mod", "modfile", "overlay", "pgo", "pkgdir", "tags", "toolexec", "exec", "o", "bench", "benchtime", "blockprofile", "blockprofilerate",
	"count", "coverprofile", "cpu", "cpuprofile", "fuzz", "fuzztime", "fuzzminimizetime", "list", "memprofile", "memprofilerate",
	"mutexprofile", "mutexprofilefraction", "outputdir", "parallel", "run", "shuffle", "skip", "timeout", "trace", "vet",
}

// check refuses options that cannot work, before anything is built.
func (o *options) check() error {
	if _, err := fmt.Sscanf(o.prices+"\n", "%g,%g\n", &o.price[0], &o.price[1]); err != nil || min(o.price[0], o.price[1]) < 0 {
		return fmt.Errorf("-prices %s: use the prices of a core and of a GiB of memory for a month, such as 16,2", o.prices)
	}
	switch {
	case o.command == "calibrate" && len(o.flags)+len(o.rest) > 0, o.command == "calibrate" && o.targets[0] != ".":
		return errors.New("calibrate takes no arguments but -costs")
	case o.advise && o.page == "" && o.report == "":
		return errors.New(`-advise with -page "" and without -report: nothing would show the advice; give -report or a page`)
	case o.otlp && o.command == "build":
		return errors.New("-otlp: poolscope exports while it runs the program: use run or test")
	case o.otlp && o.page == "":
		return errors.New(`-otlp with -page "": poolscope reads the page that it exports`)
	}
	return o.checkFlags()
}

// checkFlags looks at the go command's.
func (o *options) checkFlags() error {
	for i, f := range o.flags {
		name, value, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		switch {
		case strings.HasPrefix(f, "-") && name == "overlay":
			return errors.New("-overlay is given, but poolscope needs it for its own files: leave it out")
		case strings.HasPrefix(f, "-") && name == "C":
			return errors.New("-C is given: change the directory before poolscope")
		case name == "buildmode" && value == "" && i+1 < len(o.flags):
			value = o.flags[i+1]
			fallthrough
		case name == "buildmode":
			if !slices.Contains([]string{"default", "exe", "pie"}, value) {
				return fmt.Errorf("-buildmode=%s: only programs can be counted: use default, exe or pie", value)
			}
		}
	}
	return o.makeReport()
}

// makeReport empties the file, or makes it: programs append to it.
func (o *options) makeReport() error {
	if o.report == "" {
		return nil
	}
	path, err := filepath.Abs(o.report)
	if err != nil {
		return fmt.Errorf("-report: %w", err)
	}
	o.report = path
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		return fmt.Errorf("-report: %w", err)
	}
	return nil
}
