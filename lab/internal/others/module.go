package others

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/dirhash"
)

// Module is a module of the proxy, with its checksum as go.sum has it.
type Module struct{ Path, Version, Sum string }

func (m Module) String() string { return m.Path + "@" + m.Version }

// Pristine is a copy of the module, outside the module cache, where the go command
// allows no overlay. It is kept in the user's cache directory, because the go command's
// own cache knows packages by their directory, and is compared with the checksum.
func (m Module) Pristine(ctx context.Context) (dir string, err error) {
	if dir, err = m.cached(); err != nil {
		return "", err
	}
	if m.check(dir) == nil {
		return dir, nil
	}
	from, err := m.download(ctx)
	if err != nil {
		return "", err
	}
	if err := copyTo(dir, from); err != nil {
		return "", err
	}
	return dir, m.check(dir)
}

// Changeable is a copy for the caller to change. What an earlier caller left there goes.
func (m Module) Changeable(ctx context.Context) (dir string, err error) {
	from, err := m.Pristine(ctx)
	if err != nil {
		return "", err
	}
	dir = from + "-changed"
	return dir, copyTo(dir, from)
}

func (m Module) cached() (string, error) {
	cache, err := CacheDir()
	return filepath.Join(cache, filepath.FromSlash(m.String())), err
}

func (m Module) check(dir string) error {
	got, err := dirhash.HashDir(dir, m.String(), dirhash.Hash1)
	if err == nil && got != m.Sum {
		err = fmt.Errorf("%s: checksum %s, want %s: clear the module cache", m, got, m.Sum)
	}
	return err
}

func (m Module) download(ctx context.Context) (dir string, err error) {
	text, err := Go(ctx, os.TempDir(), "mod", "download", "-json", m.String())
	if err != nil {
		return "", err
	}
	var module struct{ Dir string }
	err = json.Unmarshal(text, &module)
	return module.Dir, err
}

// copyTo copies and then renames, so that nobody finds half a copy; of several
// who do so at the same time one wins, and the others have its.
func copyTo(dir, from string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), "copy-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := os.CopyFS(filepath.Join(temp, "new"), os.DirFS(from)); err != nil {
		return err
	}
	if err := os.Rename(dir, filepath.Join(temp, "old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(temp, "new"), dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// CacheDir is where copies are kept: $OTELPOOL_E2E_CACHE, or otelpool-e2e in the user's.
func CacheDir() (string, error) {
	if dir := os.Getenv("OTELPOOL_E2E_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache directory; set OTELPOOL_E2E_CACHE: %w", err)
	}
	return filepath.Join(dir, "otelpool-e2e"), nil
}
