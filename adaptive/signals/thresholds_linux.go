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
	event *os.File
	ended chan struct{}
}

// eachPart of a limit, as one in so many, from half of it on, is a threshold.
const eachPart = 16

// setThresholds makes the kernel call crossed, on a goroutine that ends with close.
func setThresholds(l *level, crossed func()) (*thresholds, error) {
	control := l.dir + "/cgroup.event_control"
	fd, _, errno := syscall.Syscall(syscall.SYS_EVENTFD2, 0, syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	if errno != 0 {
		return nil, os.NewSyscallError("eventfd", errno)
	}
	t := &thresholds{dir: l.dir, limit: l.bound(), event: os.NewFile(fd, "eventfd"), ended: make(chan struct{})}
	for part := int64(eachPart / 2); part < eachPart; part++ {
		line := fmt.Sprintf("%d %d %d", fd, l.usage.fd, t.limit/eachPart*part)
		if err := writeFile(control, line); err != nil {
			_ = t.event.Close()
			return nil, err
		}
	}
	go t.listen(crossed)
	return t, nil
}

func (t *thresholds) listen(crossed func()) {
	defer close(t.ended)
	var count [8]byte
	for {
		if _, err := t.event.Read(count[:]); err != nil {
			return // closed
		}
		crossed()
	}
}

// close has the kernel forget the thresholds, and waits for the last call.
func (t *thresholds) close() {
	if t != nil {
		_ = t.event.Close()
		<-t.ended
	}
}

func (t *thresholds) of(l *level) bool {
	return t != nil && t.dir == l.dir && t.limit == l.bound()
}

func writeFile(path, text string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer syscall.Close(fd)
	if _, err := syscall.Write(fd, []byte(text)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
