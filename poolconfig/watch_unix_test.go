//go:build unix

package poolconfig_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// It reads the file even if nothing has changed, and says so.
func TestWatchReloadsOnSIGHUP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pools.yaml")
	put(t, file, "budget: 1MiB\n")
	w := watch(t, file) // by the real clock
	put(t, file, "budget: 2MiB\n")
	must(t, <-w.reports) // Watch is there: the signal does not end the test
	w.stays(2)
	must(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	must(t, <-w.reports)
}

// Opening a pipe waits for a writer, for ever if there is none.
func TestWatchDoesNotWaitForAPipe(t *testing.T) {
	bubble(t, func(t *testing.T, dir string) {
		file := filepath.Join(dir, "pools.yaml")
		put(t, file, "budget: 1MiB\n")
		w := watch(t, file)
		must(t, os.Remove(file))
		must(t, syscall.Mkfifo(file, 0o600))
		w.complains(1, "is no regular file: only SIGHUP reloads it")
		must(t, os.Remove(file))
		put(t, file, "budget: 2MiB\n")
		w.becomes(2)
	})
}
