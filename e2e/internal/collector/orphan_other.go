//go:build !linux

package collector

import "syscall"

// dieWithParent has no equivalent here: a collector orphaned by a panic of the
// test ends when it next logs, as nobody reads its log then.
func dieWithParent() *syscall.SysProcAttr { return nil }
