package houserules_test

import (
	"os/exec"
	"strings"
	"testing"
)

func TestGoVetSeesCopiedHandles(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "vet", "-copylocks", "./testdata/copies")
	out, _ := cmd.CombinedOutput()
	for variable, handle := range map[string]string{
		"a": "SizeClasses", "b": "Fixed", "c": "Bounded[int]", "d": "Sync[int]", "e": "Buffer", "f": "SyncPool", "g": "Pool",
	} {
		if want := "copies lock value to " + variable + ":"; !strings.Contains(string(out), want) {
			t.Errorf("go vet does not complain about a copied %s", handle)
		}
	}
	if !strings.Contains(string(out), "structs passes lock by value") {
		t.Error("go vet does not complain about a struct with handles that is passed by value")
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
