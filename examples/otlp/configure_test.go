package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testcost"
)

func document(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pools.yaml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestPrintConfigShowsWhatIsInForceAndWhereItCameFrom(t *testing.T) {
	t.Parallel()
	file := document(t, "budget: 64MiB\npools:\n  gateway.bodies:\n    limit: 32MiB\n  gateway.proxy: {limit: 64KiB}\n")
	code, stdout, stderr := runOnce(t, "-config", file, "-print-config")
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, %q", code, stderr)
	}
	for _, line := range []string{
		"budget: 64MiB # pools.yaml:1\n", "    limit: 32MiB # pools.yaml:4\n", "    limit: 64KiB # pools.yaml:5\n",
		"    limit: 4MiB # code\n",
	} {
		if !strings.Contains(stdout, line) {
			t.Errorf("no %q in\n%s", line, stdout)
		}
	}
	again := document(t, stdout)
	if code, twice, stderr := runOnce(t, "-config", again, "-print-config"); code != 0 ||
		strings.Count(twice, "\n") != strings.Count(stdout, "\n") {
		t.Errorf("what it prints is no document: exit code %d, %q\n%s", code, stderr, twice)
	}
}

func TestTheControllerManagesTheMemoryLimitIfAsked(t *testing.T) {
	t.Parallel()
	file := document(t, "controller: {manage_memory_limit: on}\n")
	for from, args := range map[string][]string{"code": {"-manage-memory-limit"}, "pools.yaml:1": {"-config", file}} {
		_, stdout, stderr := runOnce(t, append(args, "-print-config")...)
		if !strings.Contains(stdout, "  manage_memory_limit: true # "+from+"\n") {
			t.Errorf("%q: %s%s", args, stdout, stderr)
		}
	}
}

func TestAWrongDocumentIsRefusedInOneLineWithAllThatIsWrong(t *testing.T) {
	t.Parallel()
	file := document(t, "budget: lots\npools:\n  gateway.bodies:\n    limit: 32M\n")
	code, _, stderr := runOnce(t, "-config", file)
	if code != 1 || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "pools.yaml:1: budget is") ||
		!strings.Contains(stderr, "pools.yaml:4: pools.gateway.bodies.limit is") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
	file = document(t, "pools:\n  gateway.bodies: {limit: 100}\n  gateway.gzip.writers: {zero: on-put}\n")
	code, _, stderr = runOnce(t, "-config", file)
	if code != 1 || !strings.Contains(stderr, "pools.yaml:2: pools.gateway.bodies.limit") ||
		!strings.Contains(stderr, "pools.yaml:3: pools.gateway.gzip.writers.zero") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestTheDocumentIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	file := document(t, "pools:\n  gateway.bodies: {limit: 32MiB}\n")
	ctx, cancel := context.WithCancel(t.Context())
	r := new(pool.Registry)
	var out, errs bytes.Buffer
	done := make(chan int)
	go func() {
		done <- run(ctx, []string{"-config", file, "-scenario", "none", "-listen", "127.0.0.1:0"}, r, &out, &errs)
	}()
	limit := func(want int64) {
		t.Helper()
		var s pool.Stats
		testcost.Until(t, fmt.Sprintf("the limit is %d", want), func() bool {
			all := r.All()
			if len(all) == 5 {
				all[0].Stats(&s)
			}
			return s.Limit == want
		})
	}
	limit(32 << 20)
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("pools:\n  gateway.bodies: {limit: 16MiB}\n")
	limit(16 << 20)
	cancel()
	if code := <-done; code != 0 || errs.Len() > 0 {
		t.Errorf("exit code %d, %q", code, errs.String())
	}
}
