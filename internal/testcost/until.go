package testcost

import (
	"testing"
	"time"
)

// Until waits until ok, which it asks every millisecond, and fails the test after a
// minute: what takes milliseconds takes seconds on a machine that is busy or stands
// still, and under the race detector.
func Until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for started := time.Now(); !ok(); time.Sleep(time.Millisecond) {
		if time.Since(started) > patience {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
