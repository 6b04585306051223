package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/otelpool/pool"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	code := run(ctx, os.Args[1:], pool.Default, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program: its exit code is 0, 1 for a failure, 2 for a wrong
// command line.
func run(ctx context.Context, args []string, r *pool.Registry, stdout, stderr io.Writer) int {
	c, err := parseFlags(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "otlp: %v (-h shows the flags)\n", err)
		return 2
	case c.health != "":
		err = askHealth(c.health)
	default:
		err = gatewayRun(ctx, c, r, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "otlp: %s\n", strings.ReplaceAll(err.Error(), "\n", "; "))
		return 1
	}
	return 0
}

func askHealth(addr string) error {
	client := http.Client{Timeout: 3 * time.Second}
	resp, err := client.Get("http://" + addr + "/healthz")
	if err != nil {
		return fmt.Errorf("-health: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("-health: %s says %s", addr, resp.Status)
	}
	return nil
}
