package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// toolchain is the Go version that builds a program, and its environment.
type toolchain struct {
	GOROOT, GOVERSION, GOARCH, GOFLAGS, GOMODCACHE, GOMOD, GOWORK string

	linked bool // GOROOT is a directory of links
}

// newToolchain asks the go command that the program's directory selects. It uses directory links
// for a GOROOT of links.
func newToolchain(dir, links string) (*toolchain, error) {
	out, err := asked(anyGo(dir, "env", "-json", "GOROOT", "GOVERSION", "GOARCH", "GOFLAGS", "GOMODCACHE", "GOMOD", "GOWORK"))
	if err != nil {
		return nil, err
	}
	env := new(toolchain)
	if err := json.Unmarshal(out, env); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	if env.cached(env.GOROOT) {
		return env, env.link(links)
	}
	return env, nil
}

// check refuses flags in the environment that are refused among the arguments.
func (env *toolchain) check(o *options) error {
	for f := range strings.FieldsSeq(env.GOFLAGS) {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		if why := o.unfit(name); why != "" {
			return fmt.Errorf("GOFLAGS has %s: %s", f, why)
		}
	}
	return nil
}

// link makes a GOROOT whose entries are links. A Go that came through GOTOOLCHAIN lies in the
// module cache, where the go command does not replace files.
func (env *toolchain) link(dir string) error {
	entries, err := os.ReadDir(env.GOROOT)
	if err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Symlink(filepath.Join(env.GOROOT, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("%s lies in the module cache, whose files the go command does not replace: %w", env.GOVERSION, err)
		}
	}
	env.GOROOT, env.linked = dir, true
	return nil
}

// cached reports whether a path is in the module cache.
func (env *toolchain) cached(path string) bool {
	rel, err := filepath.Rel(env.GOMODCACHE, path)
	return env.GOMODCACHE != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// command is the go command of this toolchain, in a directory that selects it.
func (env *toolchain) command(dir string, args ...string) *exec.Cmd {
	if env.linked {
		return env.fixed(dir, args...)
	}
	return anyGo(dir, args...)
}

// fixed is the same toolchain in any directory.
func (env *toolchain) fixed(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(env.GOROOT, "bin", "go"), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOROOT="+env.GOROOT)
	return cmd
}

// anyGo is the go command in $PATH.
func anyGo(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	return cmd
}

// asked runs a command and returns its output; an error has the first line of its error output.
func asked(cmd *exec.Cmd) ([]byte, error) {
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("no go command in $PATH: poolscope needs it to build the program")
	case err != nil:
		if text := strings.TrimSpace(complaint.String()); text != "" {
			err = errors.New(firstLine(text))
		}
		return out, fmt.Errorf("go %s: %w", cmd.Args[1], err)
	}
	return out, nil
}

// firstLine is the first of a complaint, with the next where that is what it announces.
func firstLine(text string) string {
	line, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if strings.HasSuffix(line, ":") {
		next, _, _ := strings.Cut(strings.TrimSpace(rest), "\n")
		line += " " + next
	}
	return strings.TrimSpace(line)
}
