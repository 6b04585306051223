//go:build !linux

package child

import "syscall"

// DieWithParent has no equivalent here: end programs orphaned by a panic by hand.
func DieWithParent() *syscall.SysProcAttr { return nil }

func alone() *syscall.SysProcAttr { return nil }
