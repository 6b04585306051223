package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// options holds the command line.
type options struct {
	files   []string
	times   []time.Duration
	classes func(bytes int64) int64
	budget  budget
	seed    uint64
	others  bool
	engine  bool
	each    bool
	json    bool
	svg     string
}

// budget is a share of what the pools would hold without one, or bytes.
type budget struct {
	share float64
	bytes int64
}

func (b budget) set() bool { return b.share > 0 || b.bytes > 0 }

// parse reads the command line. Without options it returns the exit code.
func parse(args []string, stderr io.Writer) (o *options, code int) {
	o = new(options)
	flags := flag.NewFlagSet("poolsim", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(
			stderr,
			"Usage: poolsim [flags]\n\nReplays recordings through policies for sizing pools, and compares their cost with "+
				"the\noffline optimum. A recording is CSV, .gz too: time_s,op,bytes; op is get or put.\n\n",
		)
		flags.PrintDefaults()
	}
	files := flags.String("trace", "", "recordings to replay, `FILE[,FILE…]`; without, nine generated traces")
	times := flags.String("T", "10s", "break-even times, `D[,D…]`: how long holding a byte costs as much as allocating it")
	classes := flags.String("classes", "pow2", "size classes: pow2, exact, a list of `SIZE,SIZE…`, or geometric:RATIO")
	room := flags.String(
		"budget",
		"",
		"compare what is missed with so little room: `N%` of what the pools would hold without limit, or bytes",
	)
	flags.Uint64Var(&o.seed, "seed", 20261126, "of the generated traces")
	flags.BoolVar(
		&o.others,
		"others",
		false,
		"replay the other generated traces, with gaps of heavy tails, of two time scales and that change",
	)
	flags.BoolVar(&o.engine, "engine", true, "replay through the shipped engine too")
	flags.BoolVar(&o.each, "each", false, "print a table for every trace")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.StringVar(&o.svg, "svg", "", "write charts of demand, idle bytes and limit to `DIR`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil, 0
		}
		return nil, 2
	}
	if err := o.fill(flags.Args(), *files, *times, *classes, *room); err != nil {
		fmt.Fprintf(stderr, "poolsim: %v\n", err)
		return nil, 2
	}
	return o, 0
}

// fill parses the flags that are more than a value, and returns all mistakes in
// them.
func (o *options) fill(rest []string, files, times, classes, room string) (err error) {
	if len(rest) > 0 {
		err = fmt.Errorf("argument %q: name recordings with -trace", rest[0])
	}
	if files != "" && o.others {
		err = errors.Join(err, errors.New("-others with -trace: want one of them"))
	}
	if files != "" {
		o.files = strings.Split(files, ",")
	}
	for field := range strings.SplitSeq(times, ",") {
		T, e := time.ParseDuration(strings.TrimSpace(field))
		if e == nil && T < 100*time.Millisecond {
			e = errors.New("too short")
		}
		if e != nil {
			err = errors.Join(err, fmt.Errorf("-T %q: want durations of 100ms or more, such as 2s,10s,60s", field))
			continue
		}
		o.times = append(o.times, T)
	}
	var e error
	o.classes, e = parseClasses(classes)
	err = errors.Join(err, e)
	o.budget, e = parseBudget(room)
	return errors.Join(err, e)
}

func parseBudget(text string) (b budget, err error) {
	if text == "" {
		return b, nil
	}
	if percent, ok := strings.CutSuffix(text, "%"); ok {
		b.share, err = strconv.ParseFloat(percent, 64)
		b.share /= 100
	} else {
		b.bytes, err = strconv.ParseInt(text, 10, 64)
	}
	if err != nil || !b.set() || b.share < 0 || math.IsInf(b.share, 0) {
		return b, fmt.Errorf("-budget %q: want bytes, or a share such as 30%%", text)
	}
	return b, nil
}

// parseClasses is the function from bytes to the size of their class.
func parseClasses(text string) (func(int64) int64, error) {
	switch {
	case text == "pow2":
		return trace.PowersOfTwo, nil
	case text == "exact":
		return trace.Exact, nil
	case strings.HasPrefix(text, "geometric:"):
		ratio, err := strconv.ParseFloat(strings.TrimPrefix(text, "geometric:"), 64)
		if err != nil || !(ratio > 1) || ratio > 16 {
			return nil, fmt.Errorf("-classes %q: want a ratio of more than 1 and at most 16, such as geometric:1.25", text)
		}
		return geometric(ratio), nil
	}
	var sizes []int64
	for field := range strings.SplitSeq(text, ",") {
		size, err := strconv.ParseInt(strings.TrimSpace(field), 10, 64)
		if err != nil || size <= 0 {
			return nil, fmt.Errorf("-classes %q: want pow2, exact, geometric:RATIO or sizes in bytes", text)
		}
		sizes = append(sizes, size)
	}
	slices.Sort(sizes)
	return func(bytes int64) int64 {
		i, _ := slices.BinarySearch(sizes, bytes)
		if i == len(sizes) {
			return bytes // larger than the largest: of its own
		}
		return sizes[i]
	}, nil
}

// geometric has classes from 64 bytes on, each larger than the one before by a
// ratio.
func geometric(ratio float64) func(int64) int64 {
	return func(bytes int64) int64 {
		size := 64.0
		for int64(size) < bytes {
			size = math.Ceil(size * ratio)
		}
		return int64(size)
	}
}

// load reads or makes the traces.
func (o *options) load(stderr io.Writer) (traces []*trace.Trace, err error) {
	for _, path := range o.files {
		ops, e := trace.Read(path)
		if e != nil {
			err = errors.Join(err, e)
			continue
		}
		t := trace.New(trace.Name(path), ops, o.classes)
		if t.Strays > 0 {
			fmt.Fprintf(stderr, "poolsim: %s: %d puts left out: their gets came before the recording\n", path, t.Strays)
		}
		traces = append(traces, t)
	}
	if len(o.files) == 0 {
		generators := trace.Generators
		if o.others {
			generators = trace.Others
		}
		for i := range generators {
			g := &generators[i]
			traces = append(traces, trace.New(g.Name, g.Operations(o.seed), o.classes))
		}
	}
	return traces, err
}
