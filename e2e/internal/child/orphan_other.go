//go:build !linux

package child

import "syscall"

// DieWithParent has no equivalent here: what is orphaned by a panic has to be ended
// by hand.
func DieWithParent() *syscall.SysProcAttr { return nil }

func alone() *syscall.SysProcAttr { return nil }
