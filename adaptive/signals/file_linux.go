package signals

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

// file is a kernel file that is kept open and read anew from its beginning: half
// of what open, read and close cost. It does without os.File, whose ReadAt reads
// on until the end of the file, and which would have the runtime poll it.
type file struct {
	path    string
	fd      int
	cleanup runtime.Cleanup
}

func openFile(path string) (*file, error) {
	for {
		fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path, err)
		}
		f := &file{path: path, fd: fd}
		f.cleanup = runtime.AddCleanup(f, func(fd int) { _ = syscall.Close(fd) }, fd)
		return f, nil
	}
}

// read reads what fits into buf. The kernel makes the text of these files at
// each read from the beginning, in one piece.
func (f *file) read(buf []byte) ([]byte, error) {
	for {
		n, err := syscall.Pread(f.fd, buf, 0)
		runtime.KeepAlive(f)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.path, err)
		}
		return buf[:n], nil
	}
}

// number reads a file that holds one number of bytes.
func (f *file) number(buf []byte) (int64, error) {
	text, err := f.read(buf)
	if err != nil {
		return 0, err
	}
	n, err := parseBytes(bytes.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", f.path, err)
	}
	return n, nil
}

// close does without waiting for the collector. A nil file is closed.
func (f *file) close() {
	if f != nil {
		f.cleanup.Stop()
		_ = syscall.Close(f.fd)
	}
}

// readFile reads a file that is not needed again.
func readFile(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.close()
	for size := 8 << 10; ; size *= 2 {
		text, err := f.read(make([]byte, size))
		if err != nil || len(text) < size {
			return text, err
		}
	}
}

// absent tells a file that is not there from one that cannot be read.
func absent(err error) bool { return errors.Is(err, syscall.ENOENT) }
