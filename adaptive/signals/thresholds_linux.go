package signals

import (
	"fmt"
	"os"
	"syscall"
)

// thresholds are usages of a control group that the kernel tells when they are
// crossed, which costs nothing until then. The first version has them, for those who
// may write to the group's directory; nil is none, and usage is looked at instead.
type thresholds struct {
	dir   string
	limit int64
	event stream
	ended chan struct{}
}

// eachPart of a limit, as one in so many, from half of it on, is a threshold.
const eachPart = 16

// setThresholds makes the kernel call crossed, on a goroutine that ends with close.
func setThresholds(l *level, crossed func()) (*thresholds, error) {
	control, err := os.OpenFile(l.dir+"/cgroup.event_control", os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("eventfd", errno)
	}
	t := &thresholds{dir: l.dir, limit: l.bound(), event: stream{os.NewFile(fd, "eventfd")}, ended: make(chan struct{})}
	for part := int64(eachPart / 2); part < eachPart; part++ {
		if _, err := fmt.Fprintf(control, "%d %d %d", fd, l.usage.fd, t.limit/eachPart*part); err != nil {
			_ = t.event.Close()
			return nil, err
		}
	}
	go func() {
		defer close(t.ended)
		_ = t.event.listen(crossed) // until it is closed
	}()
	return t, nil
}

// close has the kernel forget the thresholds, and waits for the last call.
func (t *thresholds) close() {
	if t != nil {
		_ = t.event.Close()
		<-t.ended
	}
}
