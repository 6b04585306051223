package signals

import (
	"errors"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// tick has the kernel wake one goroutine after a time. In a program that has nothing
// else to do a timer of the runtime's costs twice as much and more: the thread that it
// wakes starts another one to look for work, and each system call that the runtime is
// told of wakes its monitor. That is seven switches of context, and one with this: a
// timer that is waited for as a connection is, and read behind the runtime's back,
// which takes a microsecond and never waits.
type tick struct {
	timer *os.File
	conn  syscall.RawConn
	read  func(fd uintptr) bool
	count [8]byte // into which
}

const clockMonotonic = 1

var errOtherClock = errors.New("the runtime's clock is not the kernel's")

// newTick fails in a bubble of testing/synctest, whose time stands still while
// anybody waits for the kernel.
func newTick() (*tick, error) {
	var now syscall.Timeval
	_ = syscall.Gettimeofday(&now) // which cannot fail
	if time.Since(time.Unix(now.Unix())).Abs() > time.Hour {
		return nil, errOtherClock
	}
	fd, _, errno := syscall.Syscall(syscall.SYS_TIMERFD_CREATE, clockMonotonic, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("timerfd_create", errno)
	}
	t := &tick{timer: os.NewFile(fd, "timerfd")}
	t.conn, _ = t.timer.SyscallConn() // fails for a nil file only
	t.read = func(fd uintptr) bool {
		_, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(&t.count)), uintptr(len(t.count)))
		return errno != syscall.EAGAIN
	}
	return t, nil
}

// wait returns after d, or with an error when the tick is closed. It allocates nothing.
func (t *tick) wait(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	var failed syscall.Errno
	spec := [2]syscall.Timespec{1: syscall.NsecToTimespec(int64(d))} // once
	err := t.conn.Control(func(fd uintptr) {
		_, _, failed = syscall.RawSyscall6(syscall.SYS_TIMERFD_SETTIME, fd, 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
	})
	if failed != 0 {
		return os.NewSyscallError("timerfd_settime", failed)
	}
	if err != nil {
		return err
	}
	return t.conn.Read(t.read)
}

// close makes a wait return. A nil tick is closed.
func (t *tick) close() {
	if t != nil {
		_ = t.timer.Close()
	}
}
