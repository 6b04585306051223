//go:build unix

package main

import (
	"bytes"
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/otelpool/pool"
)

func TestAPipeWithoutAWriterDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	done := make(chan int)
	var out, errs bytes.Buffer
	go func() {
		done <- run(ctx, []string{"-input", pipe, "-calibrate", "0"}, new(pool.Registry), &out, &errs)
	}()
	select {
	case code := <-done:
		if code != 0 || errs.Len() > 0 {
			t.Errorf("exit code %d, %q", code, errs.String())
		}
	case <-time.After(time.Minute):
		t.Fatal("still running a minute after the end")
	}
}
