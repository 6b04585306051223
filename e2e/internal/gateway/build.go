package gateway

import (
	"context"

	"github.com/otelpool/pool/e2e/internal/built"
)

// Build compiles examples/otlp into the directory and returns the binary. The
// packages come from Go's build cache; only linking is done each time.
func Build(ctx context.Context, dir string) (binary string, err error) {
	return built.Gateway.Into(ctx, dir, nil)
}
