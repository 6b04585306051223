package gateway

import "syscall"

// dieWithParent makes the kernel end the gateway when the test binary goes
// without cleaning up, as it does on a panic or at go test's -timeout.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
