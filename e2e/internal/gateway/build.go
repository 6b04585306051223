package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles examples/otlp into the directory and returns the binary. The
// packages come from Go's build cache; only linking is done each time.
func Build(ctx context.Context, dir string) (binary string, err error) {
	source, err := sourceDir()
	if err != nil {
		return "", err
	}
	binary = filepath.Join(dir, "gateway")
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, ".")
	cmd.Dir = source
	// Without cgo as make test has it, so that the packages compiled are the same.
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("gateway: go build in %s: %w\n%s", source, errors.Join(err, ctx.Err()), out)
	}
	return binary, nil
}

// sourceDir finds examples/otlp from anywhere inside the repository.
func sourceDir() (string, error) {
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("gateway: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		source := filepath.Join(dir, "examples", "otlp")
		if _, err := os.Stat(filepath.Join(source, "go.mod")); err == nil {
			return source, nil
		}
		if dir == filepath.Dir(dir) { // the root
			return "", fmt.Errorf("gateway: no examples/otlp in or above %s", wd)
		}
	}
}
