package child

import "syscall"

// DieWithParent makes the kernel end the process when this one goes without
// cleaning up, as a test does on a panic or at go test's -timeout.
func DieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// alone is that, and out of the terminal's reach: Ctrl-C is for the parent, which
// ends its children in the order that loses nothing.
func alone() *syscall.SysProcAttr {
	a := DieWithParent()
	a.Setpgid = true
	return a
}
