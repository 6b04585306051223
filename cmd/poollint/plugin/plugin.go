// Package plugin makes poollint a module of golangci-lint: golangci-lint custom
// builds a golangci-lint that has it, from a .custom-gcl.yml that names this
// package's module and import path.
package plugin

import (
	"fmt"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/otelpool/pool/cmd/poollint/poollint"
)

// golangci-lint finds a linter by what its package registers when it is loaded.
func init() { register.Plugin("poollint", New) }

// settings are those under linters.settings.custom.poollint.settings.
type settings struct {
	Suspicious bool   `json:"suspicious"`
	Pools      string `json:"pools"`
}

// New returns a linter with the settings of a golangci-lint configuration.
func New(raw any) (register.LinterPlugin, error) {
	s, err := register.DecodeSettings[settings](raw)
	if err != nil {
		return nil, fmt.Errorf("poollint's settings are suspicious (a bool) and pools (a string): %w", err)
	}
	return linter(s), nil
}

type linter settings

func (l linter) BuildAnalyzers() ([]*analysis.Analyzer, error) {
	a := poollint.New()
	for name, value := range map[string]string{"suspicious": fmt.Sprint(l.Suspicious), "pools": l.Pools} {
		if err := a.Flags.Set(name, value); err != nil {
			return nil, fmt.Errorf("poollint's setting %s: %w", name, err)
		}
	}
	return []*analysis.Analyzer{a}, nil
}

// GetLoadMode asks for types, from which SSA is built.
func (linter) GetLoadMode() string { return register.LoadModeTypesInfo }
