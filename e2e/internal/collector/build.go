package collector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// buildArgs are part of the cache key. Without -s -w the binary is half as large
// again; -buildvcs=false keeps the build independent of the state of git.
var buildArgs = [...]string{"build", "-buildvcs=false", "-ldflags=-s -w"}

// Build returns the path of the collector built from e2e/otelcol, building it
// unless the cache has one of the same content of that directory, Go version and
// platform. The cache is $OTELPOOL_E2E_CACHE or else otelpool-e2e in
// [os.UserCacheDir]; entries of older contents stay there.
//
// Concurrent calls, also of several processes, are safe but on a cold cache each
// of them builds: call it once per process, before parallel tests.
func Build(ctx context.Context) (binary string, err error) {
	source, err := repoPath("e2e", "otelcol")
	if err != nil {
		return "", err
	}
	binary, err = cachePath(source)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := compile(ctx, source, binary); err != nil {
		return "", err
	}
	return binary, nil
}

// compile builds beside binary and renames, which is atomic: nobody ever finds
// half a file, and of concurrent builders the last wins with an equal one.
func compile(ctx context.Context, source, binary string) (err error) {
	if err := os.MkdirAll(filepath.Dir(binary), 0o755); err != nil {
		return fmt.Errorf("collector: cache: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(binary), "build-")
	if err != nil {
		return fmt.Errorf("collector: cache: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	temp := filepath.Join(dir, "otelcol")
	cmd := exec.CommandContext(ctx, "go", append(buildArgs[:], "-o", temp, ".")...)
	cmd.Dir = source
	// A go.work above would pull this module into a graph it does not compile in.
	// Without cgo it resolves names as the released image does.
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("collector: go build in %s: %w\n%s", source, errors.Join(err, ctx.Err()), out)
	}
	return os.Rename(temp, binary)
}

// cachePath derives the key from all that decides what the build produces. The
// runtime's version is that of the go command, as go test runs both.
func cachePath(source string) (string, error) {
	files, err := os.ReadDir(source) // sorted, so the key is stable
	if err != nil {
		return "", fmt.Errorf("collector: source: %w", err)
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, buildArgs)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(source, f.Name()))
		if err != nil {
			return "", fmt.Errorf("collector: source: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s", f.Name(), len(content), content)
	}
	cache, err := cacheDir()
	return filepath.Join(cache, "otelcol-"+hex.EncodeToString(h.Sum(nil))[:16]), err
}

func cacheDir() (string, error) {
	if dir := os.Getenv("OTELPOOL_E2E_CACHE"); dir != "" {
		return filepath.Abs(dir) // the build runs in another directory
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("collector: cache (or set OTELPOOL_E2E_CACHE): %w", err)
	}
	return filepath.Join(dir, "otelpool-e2e"), nil
}

// ConfigFile returns the path of the shipped configuration.
func ConfigFile() (string, error) { return repoPath("deploy", "otelcol", "config.yaml") }

// repoPath finds a path of the repository from anywhere inside it. The search is
// by the path itself, so that it needs neither git nor the go command.
func repoPath(elem ...string) (string, error) {
	name := filepath.Join(elem...)
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("collector: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("collector: %w", err)
		}
		if dir == filepath.Dir(dir) { // the root
			return "", fmt.Errorf("collector: no %s in or above %s", name, wd)
		}
	}
}
