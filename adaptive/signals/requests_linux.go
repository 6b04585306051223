package signals

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// The service manager's protocol: systemd.io/PRESSURE.
const (
	watchVariable = "MEMORY_PRESSURE_WATCH"
	writeVariable = "MEMORY_PRESSURE_WRITE"
	watchOff      = "/dev/null"
)

// managerRequests is how to listen to the service manager, or why not.
func managerRequests(root string, getenv func(string) string) (open func() (listener, error), why string) {
	switch path := getenv(watchVariable); path {
	case "":
		return nil, "$" + watchVariable + " is not set"
	case watchOff:
		return nil, "turned off by $" + watchVariable + "=" + watchOff
	default:
		return func() (listener, error) { return openRequests(root+path, getenv(writeVariable)) }, notWatched
	}
}

// openRequests opens what the service manager named: a pressure file, a FIFO or
// a socket, and writes to it what it asked to.
func openRequests(path, encoded string) (listener, error) {
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("$%s=%q: %w", writeVariable, clip(encoded), err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("$%s: %w", watchVariable, err)
	}
	var s stream
	switch info.Mode().Type() {
	case 0:
		return openTrigger(path, data)
	case fs.ModeNamedPipe:
		// For writing too, even if nothing is to be written: else it would be at its
		// end whenever no writer has it open.
		s.File, err = os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	case fs.ModeSocket:
		s.File, err = connect(path)
	default:
		err = fmt.Errorf("$%s=%s is no regular file, FIFO or socket, but %s", watchVariable, path, info.Mode())
	}
	if err != nil {
		return nil, err
	}
	if len(data) > 0 { // to write nothing fails where the teller has closed, and what it told would be lost
		if _, err := s.Write(data); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	return s, nil
}

// stream is a FIFO, a socket or an eventfd, on which everything that arrives is an event.
type stream struct{ *os.File }

func connect(path string) (*os.File, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), path)
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	return f, nil
}

func (s stream) listen(fired func()) error {
	buf := make([]byte, 512)
	for {
		if _, err := s.Read(buf); err != nil {
			return fmt.Errorf("%s: %w", s.Name(), err)
		}
		fired()
	}
}
