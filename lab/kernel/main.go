// Kernel runs tests on a real kernel with control groups of the second version
// and PSI, whatever the machine has: it boots Debian's cloud kernel under QEMU
// without KVM, from an initramfs that holds the test binaries and this program,
// which is the first process there.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	if os.Getpid() == 1 {
		firstProcess()
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if errors.Is(err, errUnavailable) {
		fmt.Println("skipped: tests on a kernel under QEMU:", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("kernel", flag.ContinueOnError)
	tests := flags.Bool("tests", false, "the tests alone, without the short pressure lab")
	cache := flags.String("cache", "", "`directory` to keep packages in; by default below the user's cache directory")
	deadline := flags.Duration("deadline", 15*time.Minute, "after which the machine is taken for hung")
	memory := flags.Int("memory", 1536, "`MiB` of the machine")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("kernel: %q: takes no arguments: see -help", flags.Arg(0))
	}
	parts, err := obtain(ctx, *cache)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "otelpool-kernel-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	suites := present(testSuites)
	if !*tests {
		suites = append(suites, labSuites...)
	}
	m := machine{parts: parts, dir: dir, memory: *memory, deadline: *deadline}
	if err := m.assemble(ctx, suites); err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	return m.boot(ctx, suites, out)
}
