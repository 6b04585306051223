//go:build unix

package poolconfig_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// It reads the file even if nothing seems to have changed, and says so.
func TestWatchReloadsOnSIGHUP(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pools.yaml")
	put(t, file, "budget: 1MiB\n")
	r, reports := watched(t, file)
	put(t, file, "budget: 2MiB\n")
	becomes(t, r, 2<<20) // Watch is there: the signal does not end the test
	for len(reports) > 0 {
		<-reports
	}
	must(t, syscall.Kill(os.Getpid(), syscall.SIGHUP))
	if err := <-reports; err != nil {
		t.Error(err)
	}
}
