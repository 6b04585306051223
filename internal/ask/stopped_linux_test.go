package ask_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/otelpool/pool/internal/ask"
)

// A process that is stopped for longer than a round's patience, as a frozen container
// is, has all its answers when it goes on.
func TestAStopOfTheProcessIsNoOnesHanging(t *testing.T) {
	var a ask.Asker[int, int]
	stop := func(k int, into *int) {
		if *into = k; k == 1 {
			stopped(t)
		}
	}
	if got := asked(&a, numbers(3), stop); !slices.Equal(got, numbers(3)) {
		t.Errorf("%v, want all three", got)
	}
}

// stopped stops the process for a second.
func stopped(t *testing.T) {
	// Again and again: the first may come before the stop, if the machine is slow.
	wakes := exec.Command("/bin/sh", "-c", fmt.Sprintf("sleep 1; while kill -CONT %d; do sleep 0.1; done", os.Getpid()))
	if err := wakes.Start(); err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(func() { _ = wakes.Process.Kill(); _ = wakes.Wait() })
	runtime.LockOSThread() // a signal of this thread's stops it before the call returns
	defer runtime.UnlockOSThread()
	if err := syscall.Tgkill(os.Getpid(), syscall.Gettid(), syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
}
