package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// toolchain is the go command's environment.
type toolchain struct{ GOROOT, GOVERSION, GOFLAGS, GOMODCACHE string }

// newToolchain asks the go command, and refuses what its overlay cannot do.
func newToolchain() (*toolchain, error) {
	if _, err := exec.LookPath("go"); err != nil {
		return nil, errors.New("no go command in $PATH: poolscope builds the program with it")
	}
	out, err := output("", "env", "-json", "GOROOT", "GOVERSION", "GOFLAGS", "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	env := new(toolchain)
	if err := json.Unmarshal(out, env); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	for f := range strings.FieldsSeq(env.GOFLAGS) {
		if strings.HasPrefix(strings.TrimLeft(f, "-"), "overlay") {
			return nil, fmt.Errorf("GOFLAGS has %s: poolscope needs -overlay for its own files", f)
		}
	}
	if within(env.GOROOT, env.GOMODCACHE) {
		return nil, fmt.Errorf("%s came through GOTOOLCHAIN and lies in the module cache, whose files the go command does not replace: "+
			"install it elsewhere and set GOTOOLCHAIN=local", env.GOVERSION)
	}
	return env, nil
}

func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// output runs the go command and returns what it prints; an error has the first line
// that it complained with.
func output(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(complaint.String()); text != "" {
			line, _, _ := strings.Cut(text, "\n")
			err = errors.New(line)
		}
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}
