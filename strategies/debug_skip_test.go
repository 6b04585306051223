package strategies_test

import "testing"

// skipInDebugBuilds skips a test of what pools do that are not strict: of
// allocations and capacities, or one that misuses a pool on purpose.
func skipInDebugBuilds(t testing.TB) {
	t.Helper()
	if debugBuild {
		t.Skip("-tags otelpool_debug: pools hand out stand-ins, and panic at misuse")
	}
}
