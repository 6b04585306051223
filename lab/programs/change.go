package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/otelpool/pool/lab/internal/others"
)

const (
	poolModule = "github.com/otelpool/pool"
	noVersion  = "v0.0.0-00010101000000-000000000000"
)

// codeCopy is one of the two copies of a program's module.
type codeCopy struct {
	name string // theirs, ours
	dir  string
	mod  string // its go.mod, elsewhere
}

func (c codeCopy) flags() []string { return []string{"-mod=mod", "-modfile=" + c.mod, "-vet=off"} }

// change is how our pools get into a copy.
type change interface {
	// apply changes the copy's files or its go.mod, and says what it did.
	apply(ctx context.Context, r *runner, dir string, mod *modfile.File) (did string, err error)
	// modules are the modules of the repository that the program gets to depend on.
	modules() []string
	// String is for the page: what a user does.
	String() string
}

// shim takes the place of a module of others, by a replace line.
type shim struct{ theirs, dir string }

func (s shim) apply(_ context.Context, r *runner, _ string, mod *modfile.File) (string, error) {
	return "1 line of go.mod", mod.AddReplace(s.theirs, "", filepath.Join(r.root, s.dir), "")
}

func (s shim) modules() []string { return []string{".", s.dir} }
func (s shim) String() string    { return "`replace " + s.theirs + "` by `" + s.dir + "`" }

// rewriter is poolscope migrate, and what a user edits after it.
type rewriter struct{ edits []edit }

func (w rewriter) apply(ctx context.Context, r *runner, dir string, _ *modfile.File) (string, error) {
	poolscope := filepath.Join(r.temp, "poolscope")
	if _, err := others.Go(ctx, filepath.Join(r.root, "cmd/poolscope"), "build", "-o", poolscope, "."); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, poolscope, "migrate", "-w", "./...")
	cmd.Dir = dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("poolscope migrate: %w\n%s", err, complaints.Bytes())
	}
	for _, e := range w.edits {
		if err := e.apply(dir); err != nil {
			return "", err
		}
	}
	return strconv.Itoa(bytes.Count(out, []byte(" → "))) + " places of its source", nil
}

func (rewriter) modules() []string { return []string{"."} }

func (w rewriter) String() string {
	all := []string{"`poolscope migrate -w ./...`"}
	for _, e := range w.edits {
		all = append(all, e.what)
	}
	return strings.Join(all, ", ")
}

// makeCopies has both required the same, so that no dependency of theirs is newer in one.
func (r *runner) makeCopies(ctx context.Context) error {
	theirs, err := r.program.module.Pristine(ctx)
	if err != nil {
		return err
	}
	ours, err := r.program.module.Changeable(ctx)
	if err != nil {
		return err
	}
	for i, dir := range []string{theirs, ours} {
		c := &r.copies[i]
		*c = codeCopy{name: []string{"theirs", "ours"}[i], dir: dir}
		if err := r.require(ctx, c); err != nil {
			return err
		}
	}
	r.say("%s, changed: %s", r.program.module, r.found.Changed)
	return nil
}

// require writes the copy's go.mod, and changes ours.
func (r *runner) require(ctx context.Context, c *codeCopy) error {
	text, err := os.ReadFile(filepath.Join(c.dir, "go.mod"))
	if err != nil {
		return err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	mod.AddNewRequire(poolModule, noVersion, false)
	if err := mod.AddReplace(poolModule, "", r.root, ""); err != nil {
		return err
	}
	if c.name == "ours" {
		if r.found.Changed, err = r.program.change.apply(ctx, r, c.dir, mod); err != nil {
			return err
		}
	}
	c.mod = filepath.Join(r.temp, c.name+".mod")
	return r.writeMod(c, mod)
}

func (r *runner) writeMod(c *codeCopy, mod *modfile.File) error {
	text, err := mod.Format()
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.mod, text, 0o644); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(c.dir, "go.sum"))
	if err != nil {
		return err
	}
	for _, dir := range r.program.change.modules() {
		more, err := os.ReadFile(filepath.Join(r.root, dir, "go.sum"))
		if err != nil {
			return err
		}
		sums = append(sums, more...)
	}
	return os.WriteFile(strings.TrimSuffix(c.mod, "mod")+"sum", sums, 0o644)
}
