package signals

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// trigger is a pressure file that was told when to raise an event.
//
// The file is in an epoll set of its own, which the Go runtime has in its: so
// nobody blocks a thread. The runtime asks for input only, and pressure is
// "priority" to the kernel, hence the set in between. Asking for an event takes
// it, so the set is empty again by the time that the runtime wakes us: the
// wake-up itself is the event.
//
// Events are late by up to a window, and some are lost: without CAP_SYS_RESOURCE
// the kernel looks at triggers when it renews the averages, each two seconds,
// and whoever reads the file just then renews them in its place. So the totals
// are read as well, and not more often than a step.
type trigger struct {
	set  *os.File
	file *os.File
}

// openTrigger opens a pressure file and writes a rule to it, unless that is
// empty. The kernel overwrites the last byte by NUL.
func openTrigger(path string, rule []byte) (listener, error) {
	f, err := openBlocking(path, syscall.O_RDWR)
	if err != nil {
		return nil, err
	}
	t := &trigger{file: f}
	if err := t.arm(rule); err != nil {
		_ = t.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

func (t *trigger) arm(rule []byte) error {
	if len(rule) > 0 {
		if _, err := syscall.Write(int(t.file.Fd()), rule); err != nil {
			return fmt.Errorf("set a trigger: %w", err)
		}
	}
	set, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll_create1", err)
	}
	event := syscall.EpollEvent{Events: syscall.EPOLLPRI}
	err = syscall.EpollCtl(set, syscall.EPOLL_CTL_ADD, int(t.file.Fd()), &event)
	err = errors.Join(os.NewSyscallError("epoll_ctl", err), os.NewSyscallError("fcntl", syscall.SetNonblock(set, true)))
	t.set = os.NewFile(uintptr(set), "epoll")
	return err
}

func (t *trigger) listen(fired func()) error {
	conn, _ := t.set.SyscallConn() // fails for a nil file only
	var events [1]syscall.EpollEvent
	var failed error
	waited := false
	err := conn.Read(func(set uintptr) (done bool) {
		if !waited {
			waited = true
			return false
		}
		n, err := syscall.EpollWait(int(set), events[:], 0)
		switch {
		case err != nil && err != syscall.EINTR:
			failed = os.NewSyscallError("epoll_wait", err)
		case n > 0 && events[0].Events&(syscall.EPOLLERR|syscall.EPOLLHUP) != 0:
			failed = fmt.Errorf("%s: the kernel withdrew the trigger", t.file.Name())
		default:
			fired()
		}
		return failed != nil
	})
	return errors.Join(failed, err)
}

func (t *trigger) Close() error {
	_ = t.set.Close() // of a nil file, where arm has failed, nothing comes but an error
	return t.file.Close()
}
