package built

import (
	"context"
	"testing"
)

// ForTest is Binary for a test, whose own context would end a build that others wait for
// too: this one ends at go test's -timeout.
func ForTest(t testing.TB, p Program) string {
	t.Helper()
	path, err := p.Binary(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
