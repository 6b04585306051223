package poollint_test

import (
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
	analysistest.Run(t, analysistest.TestData(), analyzer,
		"uses", "doubles", "deferred", "forgets", "puts", "state", "wrappers", "own")
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
