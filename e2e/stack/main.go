package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once, and its children with it
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type config struct {
	once     bool
	free     bool
	scenario string
	rate     string
}

const usage = `Usage: stack [flags]

The gateway, a real OpenTelemetry Collector and VictoriaMetrics with its UI, on
this machine, until Ctrl-C.

  -scenario NAME  the gateway's load on itself: steady, burst, diurnal, leak, squeeze, …
                  (default steady; "gateway -h" has them all)
  -rate N         the gateway's requests a second (default 100)
  -free-ports     any free ports, not 8080, 8081, 4317, 4318, 8428, 8888, 8889 and 13133
  -once           on free ports, until the store has the gateway's figures, and end
`

// run is the program: its exit code is 0, 1 for a failure, 2 for a wrong command
// line.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c config
	f := flag.NewFlagSet("stack", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.BoolVar(&c.once, "once", false, "")
	f.BoolVar(&c.free, "free-ports", false, "")
	f.StringVar(&c.scenario, "scenario", "steady", "")
	f.StringVar(&c.rate, "rate", "100", "")
	switch err := f.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "stack: %v (-h shows the flags)\n", err)
		return 2
	case f.NArg() > 0:
		fmt.Fprintf(stderr, "stack: %q is no flag (-h shows the flags)\n", f.Arg(0))
		return 2
	}
	c.free = c.free || c.once
	if err := up(ctx, &c, stdout); err != nil && ctx.Err() == nil {
		fmt.Fprintf(stderr, "stack: %s\n", oneLine(err))
		return 1
	}
	return 0
}

// oneLine is an error as people read it: what, and not the whole log.
func oneLine(err error) string {
	text := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	const most = 600
	if len(text) > most {
		text = text[:most/2] + " … " + text[len(text)-most/2:]
	}
	return text
}
