//go:build !linux

package gateway

import "syscall"

// dieWithParent has no equivalent here: a gateway orphaned by a panic of the
// test ends after its -duration.
func dieWithParent() *syscall.SysProcAttr { return nil }
