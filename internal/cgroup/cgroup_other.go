//go:build !linux

package cgroup

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
)

// Group is a memory control group of our own. There are none on this system.
type Group struct{ Version int }

var errAbsent = errors.New("cgroup: control groups exist on linux only, not on " + runtime.GOOS)

func New(int64) (*Group, error) { return nil, errAbsent }

func (*Group) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...)
}
func (*Group) SetLimit(int64) error   { return errAbsent }
func (*Group) SetHigh(int64) error    { return errAbsent }
func (*Group) Peak() (int64, error)   { return 0, errAbsent }
func (*Group) OOMKills() (int, error) { return 0, errAbsent }
func (*Group) Remove() error          { return errAbsent }
