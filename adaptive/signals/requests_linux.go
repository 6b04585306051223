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
	switch info.Mode().Type() {
	case 0:
		return openTrigger(path, data)
	case fs.ModeNamedPipe:
		return openFIFO(path, data)
	case fs.ModeSocket:
		return connect(path, data)
	}
	return nil, fmt.Errorf("$%s=%s is no regular file, FIFO or socket, but %s", watchVariable, path, info.Mode())
}

// stream is a FIFO or a socket on which everything that arrives is an event.
type stream struct{ *os.File }

// openFIFO opens it for writing too, even if nothing is to be written: else it
// would be at its end whenever no writer has it open.
func openFIFO(path string, data []byte) (listener, error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return greet(stream{f}, data)
}

func connect(path string, data []byte) (listener, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), path)
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: path}); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("connect to %s: %w", path, err)
	}
	return greet(stream{f}, data)
}

func greet(s stream, data []byte) (listener, error) {
	if len(data) > 0 {
		if _, err := s.Write(data); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	return s, nil
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
