// Package cgroup makes memory control groups for tests that need a real one, of
// the version that this machine has and permits.
package cgroup

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// NoLimit is the value of a limit that is not set: the kernel takes more bytes than
// it can count for "max".
const NoLimit int64 = math.MaxInt64

// Group is a memory control group of our own.
type Group struct {
	Version int
	dir     string
}

// tops has the places where groups of version 1 and of version 2 may be made; New
// takes the first that works.
var tops = [...]string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}

// New makes a group whose processes together may use limit bytes, without swap.
// The error says why no group can be made here.
func New(limit int64) (*Group, error) {
	var errs []error
	for i, top := range tops {
		g, err := newGroup(i+1, top, limit)
		if err == nil {
			return g, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

func newGroup(version int, top string, limit int64) (*Group, error) {
	if version == 2 && !enabled(top) {
		return nil, fmt.Errorf("cgroup: %s does not give the memory controller to groups below it", top)
	}
	dir, err := os.MkdirTemp(top, "otelpool-")
	if err != nil {
		return nil, err
	}
	g := &Group{version, dir}
	if err := g.SetLimit(limit); err != nil {
		return nil, errors.Join(err, g.Remove())
	}
	return g, nil
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
	return os.WriteFile(filepath.Join(g.dir, name), []byte(strconv.FormatInt(n, 10)), 0)
}

// Command is exec.CommandContext for a program that is in the group from its
// first instruction on.
func (g *Group) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	const join = `echo $$ >"$0" && exec "$@"`
	return exec.CommandContext(ctx, "/bin/sh", append([]string{"-c", join, g.dir + "/cgroup.procs", name}, args...)...)
}

// Peak is the most memory that the group has used.
func (g *Group) Peak() (int64, error) {
	text, err := os.ReadFile(g.path("memory.max_usage_in_bytes", "memory.peak"))
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}

// OOMKills is the number of the group's processes that the kernel has killed.
func (g *Group) OOMKills() (int, error) {
	name := g.path("memory.oom_control", "memory.events")
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			return strconv.Atoi(strings.TrimSpace(n))
		}
	}
	return 0, fmt.Errorf("cgroup: no oom_kill in %s", name)
}

// path is that of the file with the first name in version 1, and with the other in version 2.
func (g *Group) path(first, second string) string {
	if g.Version == 2 {
		return filepath.Join(g.dir, second)
	}
	return filepath.Join(g.dir, first)
}

// Remove kills the group's processes and removes it.
func (g *Group) Remove() (err error) {
	for range 500 {
		g.kill()
		if err = os.Remove(g.dir); !errors.Is(err, syscall.EBUSY) {
			return err
		}
		time.Sleep(10 * time.Millisecond) // the kernel does not notify when the last process is gone
	}
	return err
}

func (g *Group) kill() {
	text, _ := os.ReadFile(g.dir + "/cgroup.procs")
	for word := range strings.FieldsSeq(string(text)) {
		pid, _ := strconv.Atoi(word) // 0 is a process that cannot be seen from here
		if p, err := os.FindProcess(pid); pid > 0 && err == nil {
			_ = p.Kill()
			_ = p.Release()
		}
	}
}
