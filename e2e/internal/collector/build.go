package collector

import (
	"context"
	"os"
	"path/filepath"

	"github.com/otelpool/pool/e2e/internal/built"
)

// Build returns the path of the collector of e2e/otelcol, building it if it is not
// cached; see [built.Program]. $OTELPOOL_E2E_COLLECTOR names another collector to test
// with, such as one with our pools: make test-pooled-collector.
func Build(ctx context.Context) (binary string, err error) {
	if binary := os.Getenv("OTELPOOL_E2E_COLLECTOR"); binary != "" {
		return filepath.Abs(binary)
	}
	return built.Collector.Binary(ctx, nil)
}

// ConfigFile returns the path of the shipped configuration.
func ConfigFile() (string, error) { return built.RepoPath("deploy", "otelcol", "config.yaml") }
