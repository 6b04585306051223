package cgroup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Group is a memory control group of our own.
type Group struct {
	Version int
	dir     string
}

// tops has the places where groups may be made, by version; New takes the first
// that works.
var tops = [...]struct {
	version int
	dir     string
}{{1, "/sys/fs/cgroup/memory"}, {2, "/sys/fs/cgroup"}}

// New makes a group whose processes together may use limit bytes, without swap.
// The error says why no group can be made here.
func New(limit int64) (*Group, error) {
	var errs []error
	for _, top := range tops {
		if top.version == 2 && !enabled(top.dir) {
			errs = append(errs, fmt.Errorf("cgroup: %s does not give the memory controller to groups below it", top.dir))
			continue
		}
		g := &Group{Version: top.version}
		var err error
		if g.dir, err = os.MkdirTemp(top.dir, "otelpool-"); err != nil {
			errs = append(errs, fmt.Errorf("cgroup: %w", err))
			continue
		}
		if err := g.SetLimit(limit); err != nil {
			errs = append(errs, err, g.Remove())
			continue
		}
		return g, nil
	}
	return nil, errors.Join(errs...)
}

func enabled(dir string) bool {
	text, err := os.ReadFile(dir + "/cgroup.subtree_control")
	return err == nil && strings.Contains(" "+strings.TrimSpace(string(text))+" ", " memory ")
}

// SetLimit changes the memory that the group's processes together may use;
// NoLimit removes the limit.
func (g *Group) SetLimit(bytes int64) error {
	if g.Version == 2 {
		return errors.Join(g.write("memory.max", bytes), uncounted(g.write("memory.swap.max", 0)))
	}
	// Memory and swap together are never below memory alone: on the way up they go
	// first, on the way down last.
	const both = "memory.memsw.limit_in_bytes"
	_ = g.write(both, bytes)
	if err := g.write("memory.limit_in_bytes", bytes); err != nil {
		return err
	}
	return uncounted(g.write(both, bytes))
}

// SetHigh changes the memory that the group's processes may use before the
// kernel throttles them. Version 1 has no such limit.
func (g *Group) SetHigh(bytes int64) error {
	if g.Version != 2 {
		return fmt.Errorf("cgroup: memory.high: %w in version %d", errors.ErrUnsupported, g.Version)
	}
	return g.write("memory.high", bytes)
}

// uncounted is err unless a kernel that does not count swap is to blame.
func uncounted(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return nil
	}
	return err
}

func (g *Group) write(name string, n int64) error {
	text := strconv.FormatInt(n, 10)
	if n == NoLimit {
		text = map[int]string{1: "-1", 2: "max"}[g.Version]
	}
	if err := os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0); err != nil {
		return fmt.Errorf("cgroup: %w", err)
	}
	return nil
}

// Command is exec.CommandContext for a program that is in the group from its
// first instruction on.
func (g *Group) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	const join = `echo $$ >"$0" && exec "$@"`
	return exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", join, g.dir + "/cgroup.procs", name}, args...)...)
}

// Peak is the most memory that the group has used.
func (g *Group) Peak() (int64, error) {
	name := "memory.max_usage_in_bytes"
	if g.Version == 2 {
		name = "memory.peak"
	}
	text, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return 0, fmt.Errorf("cgroup: %w", err)
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// OOMKills is the number of the group's processes that the kernel has killed.
func (g *Group) OOMKills() (int, error) {
	name := "memory.oom_control"
	if g.Version == 2 {
		name = "memory.events"
	}
	text, err := os.ReadFile(filepath.Join(g.dir, name))
	if err != nil {
		return 0, fmt.Errorf("cgroup: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return 0, fmt.Errorf("cgroup: no oom_kill in %s", name)
}

// Remove kills the group's processes and removes it.
func (g *Group) Remove() error {
	var err error
	for range 500 {
		g.kill()
		if err = syscall.Rmdir(g.dir); !errors.Is(err, syscall.EBUSY) {
			break
		}
		time.Sleep(10 * time.Millisecond) // the kernel does not notify when the last process is gone
	}
	if err != nil {
		return fmt.Errorf("cgroup: remove %s: %w", g.dir, err)
	}
	return nil
}

func (g *Group) kill() {
	text, _ := os.ReadFile(g.dir + "/cgroup.procs")
	for line := range strings.Lines(string(text)) {
		if pid, err := strconv.Atoi(strings.TrimSpace(line)); err == nil && pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
