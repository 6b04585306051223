package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type config struct {
	sizes    []int
	pools    int
	interval time.Duration
	duration time.Duration
	limit    int
	classes  bool
	write    bool
}

const usage = `Usage: fleet [flags]

Plays instances of a service into a collector and Prometheus, and prints what they
took, as a table.

  -n N,…        sizes of the fleet (default 10,100,500,1000,2000)
  -pools N      pools of each instance (default 10)
  -classes      with their size classes, of which each uses 15
  -interval D   between the exports of an instance (default 30s)
  -duration D   to measure each size for, after a first export of all (default 45s)
  -write        the collector writes to Prometheus (deploy/otelcol/gateway.yaml), and
                is not scraped (deploy/otelcol/config.yaml)
  -limit MIB    of the collector's memory limiter (default: as shipped)
`

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parseFlags(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "fleet: %s (-h shows the flags)\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 2
	}
	if err := measureAll(ctx, c, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "fleet: %v\n", err)
		return 1
	}
	return 0
}

func parseFlags(args []string) (*config, error) {
	c := &config{}
	sizes := "10,100,500,1000,2000"
	f := flag.NewFlagSet("fleet", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&sizes, "n", sizes, "")
	f.IntVar(&c.pools, "pools", 10, "")
	f.DurationVar(&c.interval, "interval", 30*time.Second, "")
	f.DurationVar(&c.duration, "duration", 45*time.Second, "")
	f.IntVar(&c.limit, "limit", 0, "")
	f.BoolVar(&c.write, "write", false, "")
	f.BoolVar(&c.classes, "classes", false, "")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	var errs []error
	for s := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			errs = append(errs, fmt.Errorf("-n %q: use numbers from 1, with commas between", s))
		}
		c.sizes = append(c.sizes, n)
	}
	positive := func(name string, ok bool) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: use more than 0", name))
		}
	}
	positive("-pools", c.pools > 0)
	positive("-interval", c.interval > 0)
	positive("-duration", c.duration > 0)
	positive("-limit", c.limit >= 0)
	return c, errors.Join(errs...)
}

// measureAll prints a line for each size. Each has a collector and a Prometheus of
// its own, so that none pays for the one before.
func measureAll(ctx context.Context, c *config, stdout, stderr io.Writer) error {
	t, err := record(ctx, c.pools, c.classes)
	if err != nil {
		return err
	}
	p, err := build(ctx, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintf(
		stdout,
		"%d pools, %d series and %d bytes an export (%d gzipped) of each instance, every %v\n\n%s",
		c.pools,
		t.series,
		t.bytes,
		t.zipped,
		c.interval,
		head,
	)
	for _, n := range c.sizes {
		r, err := measure(ctx, c, p, t, n)
		if err != nil {
			return fmt.Errorf("%d instances: %w", n, err)
		}
		fmt.Fprint(stdout, r.line())
	}
	return nil
}
