package poollint_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/otelpool/pool/cmd/poollint/poollint"
)

// Half of the functions in testdata are wrong and half look like it.
func TestEveryMistakeIsFoundAndNothingElse(t *testing.T) {
	t.Parallel()
	analyzer := poollint.New()
	if err := analyzer.Flags.Set("pools", "own.Arena:Acquire/Release"); err != nil {
		t.Fatal(err)
	}
	results := analysistest.Run(t, analysistest.TestData(), analyzer,
		"uses", "doubles", "forgets", "puts", "wrappers", "own", "pools")
	results = append(results, analysistest.RunWithSuggestedFixes(t, analysistest.TestData(), analyzer, "deferred", "state")...)
	for _, r := range results {
		for _, d := range r.Action.Diagnostics {
			if want := analyzer.URL + slug(d.Category); d.URL != want { // TestEveryKindHasItsChapter follows it
				t.Errorf("%q has the URL %q, want %q", d.Message, d.URL, want)
			}
		}
	}
}

func TestSuspiciousReportsMore(t *testing.T) {
	t.Parallel()
	analyzer := poollint.New()
	if err := analyzer.Flags.Set("suspicious", "true"); err != nil {
		t.Fatal(err)
	}
	analysistest.Run(t, analysistest.TestData(), analyzer, "suspicious")
}

func TestAWrongFlagIsExplained(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"Arena":            `"Arena": want import/path.Type`,
		"x/y.Arena:Get":    `"x/y.Arena:Get": want import/path.Type:Get/Put`,
		"x/y.Arena:Get/":   `"x/y.Arena:Get/": want import/path.Type:Get/Put`,
		"example.com/pool": `"example.com/pool": want import/path.Type`,
	} {
		if err := poollint.New().Flags.Set("pools", value); err == nil || err.Error() != want {
			t.Errorf("-pools=%s: error %v, want %s", value, err, want)
		}
	}
}

// It is go vet that runs the program, with facts in files of its own.
func TestGoVetRunsItWithItsFlags(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), "go", "vet", "-vettool="+buildTool(t), "-suspicious", "./"+programs+"/returnedandput")
	cmd.Dir, cmd.Env = repository, append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if failed := new(exec.ExitError); !errors.As(err, &failed) {
		t.Fatalf("go vet has to fail: %v", err)
	}
	for _, want := range []string{"main.go:22:2: returned and put: ", "main.go:18:2: Put without a cap: "} {
		if !strings.Contains(string(out), want) {
			t.Errorf("go vet does not say %q:\n%s", want, out)
		}
	}
}
