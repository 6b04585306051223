package plugin_test

import (
	"strings"
	"testing"

	"github.com/golangci/plugin-module-register/register"

	"github.com/otelpool/pool/cmd/poollint/plugin"
)

func TestGolangciFindsTheLinterAndSetsItsFlags(t *testing.T) {
	t.Parallel()
	newPlugin, err := register.GetPlugin("poollint")
	if err != nil {
		t.Fatal(err)
	}
	linter, err := newPlugin(map[string]any{"suspicious": true, "pools": "example.com/arena.Arena:Acquire/Release"})
	if err != nil {
		t.Fatal(err)
	}
	analyzers, err := linter.BuildAnalyzers()
	if err != nil {
		t.Fatal(err)
	}
	if len(analyzers) != 1 || analyzers[0].Name != "poollint" || analyzers[0].Flags.Lookup("suspicious").Value.String() != "true" {
		t.Errorf("analyzers are %v", analyzers)
	}
	if mode := linter.GetLoadMode(); mode != register.LoadModeTypesInfo {
		t.Errorf("load mode %q", mode)
	}
}

func TestAWrongSettingIsNamed(t *testing.T) {
	t.Parallel()
	if _, err := plugin.New(map[string]any{"suspicous": true}); err == nil || !strings.Contains(err.Error(), "suspicous") {
		t.Errorf("error %v, want one that names suspicous", err)
	}
	linter, err := plugin.New(map[string]any{"pools": "Arena"})
	if err != nil {
		t.Fatal(err)
	}
	want := `poollint's setting pools: "Arena": want import/path.Type`
	if _, err := linter.BuildAnalyzers(); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
