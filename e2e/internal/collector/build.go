package collector

import (
	"context"

	"github.com/otelpool/pool/e2e/internal/built"
)

// Build returns the path of the collector of e2e/otelcol, building it if it is not
// cached; see [built.Program].
func Build(ctx context.Context) (binary string, err error) { return built.Collector.Binary(ctx, nil) }

// ConfigFile returns the path of the shipped configuration.
func ConfigFile() (string, error) { return built.RepoPath("deploy", "otelcol", "config.yaml") }
