package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"go/build"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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

const help = `Poolscope builds a program, unchanged, so that every sync.Pool in it is counted.

poolscope run [flags] [go build's flags] PACKAGE [arguments]
poolscope build [flags] [go build's flags] [PACKAGE]
poolscope test [flags] [go test's flags] [PACKAGES]
poolscope calibrate [-costs FILE]   measures what allocating and pooling cost
poolscope migrate [-w] PACKAGES     lists sync.Pools, and with -w makes them otelpool.Pools

  -report FILE       the program writes its pools to FILE when it ends
  -page ADDRESS      where it serves them meanwhile: 127.0.0.1:0 unless given; "" for nowhere
  -advise            also which places have no pool and would gain most by one
  -prices CORE,GIB   what a core and a GiB of memory cost a month: 16,2 unless given
  -costs FILE        what calibrate has measured; in the user's cache directory unless given
  -otlp              poolscope exports the counts, as the OTEL_* variables say
`

// parse reads the arguments. Flags that are not poolscope's are the go command's.
func parse(args []string) (*options, error) {
	commands := []string{"run", "build", "test", "calibrate"}
	switch {
	case len(args) > 0 && slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]):
		return nil, flag.ErrHelp
	case len(args) == 0 || !slices.Contains(commands, args[0]):
		return nil, fmt.Errorf("%q: run, build, test, calibrate or migrate is wanted; poolscope -h explains them", strings.Join(args, " "))
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
		if on := map[string]*bool{"otlp": &o.otlp, "advise": &o.advise}[name]; on != nil {
			var err error
			if *on, err = strconv.ParseBool(cmp.Or(value, "true")); err != nil {
				return nil, fmt.Errorf("%s: true or false is wanted", args[0])
			}
			args = args[1:]
			continue
		}
		if name == "h" || name == "help" {
			return nil, flag.ErrHelp
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
	if err := cmp.Or(o.checkPage(), o.checkFiles()); err != nil {
		return err
	}
	switch {
	case o.command == "calibrate" && len(o.flags)+len(o.rest) > 0, o.command == "calibrate" && o.targets[0] != ".":
		return errors.New("calibrate takes no arguments but -costs")
	case o.page == "" && o.report == "" && !o.otlp:
		return errors.New(`-page "" without -report: nothing would show the counts; give -report or a page`)
	case o.otlp && o.command == "build":
		return errors.New("-otlp: poolscope exports while it runs the program: use run or test")
	case o.otlp && o.page == "":
		return errors.New(`-otlp with -page "": poolscope reads the page that it exports`)
	}
	return o.checkFlags()
}

func (o *options) checkPage() error {
	if o.page == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(o.page)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return fmt.Errorf("-page %s: an address is wanted, as 127.0.0.1:8081: %w", o.page, err)
	}
	return nil
}

// checkFiles misses a file, which the go command takes for a package where it is not there.
func (o *options) checkFiles() error {
	for _, name := range o.targets {
		isPath := !strings.Contains(name, "/") || build.IsLocalImport(name) || filepath.IsAbs(name)
		if !strings.HasSuffix(name, ".go") || !isPath { // module paths may end so, too
			continue
		}
		if _, err := os.Stat(name); err != nil {
			return err
		}
	}
	return nil
}

// checkFlags looks at the go command's.
func (o *options) checkFlags() error {
	for i, f := range o.flags {
		name, value, joined := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if !strings.HasPrefix(f, "-") {
			continue // the value of the one before
		}
		if why := o.unfit(name); why != "" {
			return fmt.Errorf("-%s is given: %s", name, why)
		}
		if name == "buildmode" && !joined {
			value = o.flags[i+1]
		}
		if name == "buildmode" && !slices.Contains([]string{"default", "exe", "pie"}, value) {
			return fmt.Errorf("-buildmode=%s: only programs can be counted: use default, exe or pie", value)
		}
	}
	return o.makeReport()
}

// unfit says why a flag of the go command cannot be used.
func (o *options) unfit(name string) string {
	switch {
	case name == "overlay":
		return "poolscope needs it for its own files: leave it out"
	case name == "C":
		return "change the directory before poolscope"
	case strings.HasPrefix(name, "cover") && o.command != "test":
		return "the go command covers only files on disk, and poolscope adds one that is not: use it with poolscope test"
	}
	return ""
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
