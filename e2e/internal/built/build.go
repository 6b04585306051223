package built

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Without -s -w a binary is half as large again; -buildvcs=false keeps a build
// independent of the state of git.
var buildArgs = [...]string{"build", "-buildvcs=false", "-ldflags=-s -w"}

// Binary returns the path of the program, building it unless the cache has one of
// the same content of its module, Go version and platform. The cache is
// $OTELPOOL_E2E_CACHE or else otelpool-e2e in [os.UserCacheDir]; entries of older
// contents stay there. While a build runs, progress, if not nil, gets a line for
// each package that is compiled.
//
// Concurrent calls, also of several processes, are safe, but on a cold cache each
// of them builds: call it once per process, before parallel tests.
func (p Program) Binary(ctx context.Context, progress io.Writer) (path string, err error) {
	source, err := RepoPath(filepath.FromSlash(p.Module))
	if err != nil {
		return "", err
	}
	path, err = p.cachePath(source)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, p.compile(ctx, source, path, progress)
}

// Into builds the program into a directory, each time. It is for programs whose
// modules replace others of the repository, because their own content does not show
// a change in those.
func (p Program) Into(ctx context.Context, dir string, progress io.Writer) (path string, err error) {
	source, err := RepoPath(filepath.FromSlash(p.Module))
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, p.Name)
	if err := goBuild(ctx, source, append(p.args(), "-o", path, p.Package), progress); err != nil {
		return "", fmt.Errorf("built: %s: %w", p.Name, err)
	}
	return path, nil
}

func (p Program) args() []string {
	return append(buildArgs[:len(buildArgs):len(buildArgs)], "-tags="+p.Tags)
}

// compile builds beside the path and renames, which is atomic: nobody ever finds
// half a file, and of concurrent builders the last wins with an equal one.
func (p Program) compile(ctx context.Context, source, path string, progress io.Writer) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("built: cache: %w", err)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "build-")
	if err != nil {
		return fmt.Errorf("built: cache: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	temp := filepath.Join(dir, p.Name)
	if err := goBuild(ctx, source, append(p.args(), "-o", temp, p.Package), progress); err != nil {
		return fmt.Errorf("built: %s: %w", p.Name, err)
	}
	return os.Rename(temp, path)
}

// goBuild runs the go command in a module. Its output is part of the error.
func goBuild(ctx context.Context, source string, args []string, progress io.Writer) error {
	if progress != nil {
		args = append([]string{args[0], "-v"}, args[1:]...)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = source
	// A go.work above would pull the module into a graph it does not compile in.
	// Without cgo a program resolves names as the released image does.
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if progress != nil {
		cmd.Stderr = io.MultiWriter(&out, progress)
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build in %s: %w\n%s", source, errors.Join(err, ctx.Err()), out.Bytes())
	}
	return nil
}

// cachePath derives the key from everything that determines the build's output. The
// runtime's version is the go command's, as go test runs both.
func (p Program) cachePath(source string) (string, error) {
	files, err := os.ReadDir(source) // sorted, so the key is stable
	if err != nil {
		return "", fmt.Errorf("built: source: %w", err)
	}
	h := sha256.New()
	fmt.Fprintln(h, runtime.Version(), runtime.GOOS, runtime.GOARCH, p.args(), p.Package)
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(source, f.Name()))
		if err != nil {
			return "", fmt.Errorf("built: source: %w", err)
		}
		fmt.Fprintf(h, "%s %d\n%s", f.Name(), len(content), content)
	}
	cache, err := cacheDir()
	return filepath.Join(cache, p.Name+"-"+hex.EncodeToString(h.Sum(nil))[:16]), err
}

func cacheDir() (string, error) {
	if dir := os.Getenv("OTELPOOL_E2E_CACHE"); dir != "" {
		return filepath.Abs(dir) // the build runs in another directory
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("built: cache (or set OTELPOOL_E2E_CACHE): %w", err)
	}
	return filepath.Join(dir, "otelpool-e2e"), nil
}

// RepoPath finds a path of the repository from anywhere inside it. The search is
// by the path itself, so that it needs neither git nor the go command.
func RepoPath(elem ...string) (string, error) {
	name := filepath.Join(elem...)
	wd, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("built: %w", err)
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("built: %w", err)
		}
		if dir == filepath.Dir(dir) { // the root
			return "", fmt.Errorf("built: no %s in or above %s", name, wd)
		}
	}
}
