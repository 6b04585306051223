package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"
)

// config is what the command line says.
type config struct {
	scenario    string
	rate        float64
	duration    time.Duration
	seed        uint64
	inputs      []string
	listen      string
	upstream    string
	leakEvery   int
	maxBody     int64
	maxDecoded  int64
	maxHeld     int64
	calibrate   time.Duration
	noPool      bool
	summaryJSON string
	health      string
	configFile  string
	printConfig bool
	debug       string
	controller  string
	syncPools   bool
	manageLimit bool
	cycle       time.Duration // of the squeeze scenario
}

func (c *config) limits() limits {
	return limits{body: c.maxBody, decoded: c.maxDecoded, held: c.maxHeld}
}

// leaks is how often the handler loses a buffer; 0 is never.
func (c *config) leaks() int {
	if c.scenario == "leak" {
		return c.leakEvery
	}
	return 0
}

// fromFiles says whether the load is real files, which end.
func (c *config) fromFiles() bool { return len(c.inputs) > 0 }

const usage = `Usage: otlp [flags] [FILE…]

An ingest gateway whose memory is pooled, and what its pools do while it works.
POST /ingest takes NDJSON, plain or gzipped; it goes on, in compressed batches,
to an upstream. Without flags it drives itself until Ctrl-C.

  -scenario NAME     load on itself: steady, burst, diurnal (a day a minute), leak
                     (buffers get lost), squeeze (the heap grows until memory is short:
                     GOMEMLIMIT, or 256 MiB), or none: only serve (default steady)
  -rate N            requests per second (default 200)
  -duration D        stop after, for example, 10s (default: at Ctrl-C; with -input,
                     when all files are posted)
  -seed N            makes the load repeatable (default 1)
  -input DIR|FILE…   post these files instead of made-up records; any log file
                     works, .gz too; with -duration, over and over
  -listen ADDR       where to serve (default 127.0.0.1, a free port; with
                     -scenario none, port 8080)
  -debug ADDR        where to serve the live page of the pools (default 127.0.0.1,
                     a free port); off serves none
  -controller on|off size the pools by demand and memory pressure (default on)
  -manage-memory-limit  let the controller set the runtime's memory limit to nine
                     tenths of the control group's, if GOMEMLIMIT is not set
  -sync-pools        show every sync.Pool of the process too: net/http's, gzip's,
                     OpenTelemetry's
  -upstream URL      where batches go (default: built in, discards them)
  -leak-every N      in the leak scenario, one request in N loses its buffer
                     (default 20)
  -max-body BYTES    largest body accepted (default 8 MiB)
  -max-decoded BYTES largest body after decompression (default 32 MiB)
  -max-held BYTES    memory for the bodies of all requests together, 6 bytes for each of
                     theirs: buffers that grow, and the collector (default 256 MiB)
  -calibrate D       run this long without pooling first, to compare; 0 does not
                     (default 1.5s)
  -no-pool           run without pooling altogether
  -summary-json FILE write the final totals there as JSON
  -config FILE       configuration of the pools, YAML or JSON; read again on SIGHUP
                     and when it changes (default: $OTELPOOL_CONFIG, or none)
  -print-config      print what is configured and where it came from, and exit
  -health ADDR       ask the gateway at ADDR whether it is up, and exit

Metrics go where the OTEL_* variables say, for example
  OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 otlp -duration 1m
and nowhere if none is set.
`

// parseFlags reads the command line. Its error is one line for the user.
func parseFlags(args []string) (*config, error) {
	c := &config{cycle: squeezeCycle}
	f := flag.NewFlagSet("otlp", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.Usage = func() {}
	f.StringVar(&c.scenario, "scenario", "steady", "")
	f.Float64Var(&c.rate, "rate", 200, "")
	f.DurationVar(&c.duration, "duration", 0, "")
	f.Uint64Var(&c.seed, "seed", 1, "")
	f.Func("input", "", func(s string) error { c.inputs = append(c.inputs, s); return nil })
	f.StringVar(&c.listen, "listen", "", "")
	f.StringVar(&c.debug, "debug", "127.0.0.1:0", "")
	f.StringVar(&c.controller, "controller", "on", "")
	f.BoolVar(&c.manageLimit, "manage-memory-limit", false, "")
	f.BoolVar(&c.syncPools, "sync-pools", false, "")
	f.StringVar(&c.upstream, "upstream", "", "")
	f.IntVar(&c.leakEvery, "leak-every", 20, "")
	f.Int64Var(&c.maxBody, "max-body", defaultLimits.body, "")
	f.Int64Var(&c.maxDecoded, "max-decoded", defaultLimits.decoded, "")
	f.Int64Var(&c.maxHeld, "max-held", defaultLimits.held, "")
	f.DurationVar(&c.calibrate, "calibrate", 1500*time.Millisecond, "")
	f.BoolVar(&c.noPool, "no-pool", false, "")
	f.StringVar(&c.summaryJSON, "summary-json", "", "")
	f.StringVar(&c.health, "health", "", "")
	f.StringVar(&c.configFile, "config", "", "")
	f.BoolVar(&c.printConfig, "print-config", false, "")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 && !c.fromFiles() {
		return nil, fmt.Errorf("%q is no flag: files are given with -input", f.Arg(0))
	}
	if i := slices.IndexFunc(f.Args(), func(a string) bool { return strings.HasPrefix(a, "-") }); i >= 0 {
		return nil, fmt.Errorf("%q after the files: flags come first", f.Arg(i))
	}
	c.inputs = append(c.inputs, f.Args()...)
	return c, c.validate()
}

func (c *config) validate() error {
	var errs []string
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Sprintf(format, args...))
		}
	}
	wrong(!slices.Contains(scenarioNames, c.scenario), "-scenario %q: use one of %s", c.scenario, strings.Join(scenarioNames, ", "))
	wrong(!(c.rate > 0 && c.rate <= 1e6), "-rate %v: use more than 0, at most 1000000", c.rate)
	wrong(c.duration < 0, "-duration %v: use 0 or more", c.duration)
	wrong(c.calibrate < 0, "-calibrate %v: use 0 or more", c.calibrate)
	wrong(c.leakEvery < 1, "-leak-every %d: use 1 or more", c.leakEvery)
	wrong(c.controller != "on" && c.controller != "off", "-controller %q: use on or off", c.controller)
	wrong(c.maxBody < 1, "-max-body %d: use 1 or more", c.maxBody)
	wrong(c.maxHeld < 1, "-max-held %d: use 1 or more", c.maxHeld)
	wrong(c.noPool && c.configFile != "", "-config with -no-pool: there are no pools to configure")
	wrong(c.maxDecoded < 1, "-max-decoded %d: use 1 or more", c.maxDecoded)
	if u, err := url.Parse(c.upstream); c.upstream != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
		wrong(true, "-upstream %q: use a URL like http://host:port/path", c.upstream)
	}
	if c.fromFiles() {
		wrong(c.scenario == "none", "-input with -scenario none: nobody would post the files")
	}
	if len(errs) > 0 {
		return errors.New(strings.Join(errs, "; "))
	}
	if c.listen == "" {
		c.listen = "127.0.0.1:0"
		if c.scenario == "none" {
			c.listen = "127.0.0.1:8080"
		}
	}
	return nil
}
