package signals

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// file is a kernel file that is kept open and read anew from its beginning: half
// of what open, read and close cost. It is not read by os.File's ReadAt, which reads
// on until the end of the file.
type file struct {
	*os.File
	fd      int
	kernels bool // the kernel's own
	brief   bool // the last read took no time
}

func openFile(path string) (*file, error) {
	f, err := openBlocking(path, syscall.O_RDONLY)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	return &file{File: f, fd: fd, kernels: ofKernel(fd)}, nil
}

// openBlocking keeps the file out of the runtime's own epoll set.
func openBlocking(path string, flags int) (*os.File, error) {
	for {
		fd, err := syscall.Open(path, flags|syscall.O_CLOEXEC, 0)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return os.NewFile(uintptr(fd), path), nil
	}
}

// read reads what fits into buf. The kernel makes the text of these files at
// each read from the beginning, in one piece.
func (f *file) read(buf []byte) ([]byte, error) {
	for {
		n, err := f.pread(buf)
		runtime.KeepAlive(f)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.Name(), err)
		}
		return buf[:n], nil
	}
}

// briefly is how long a read may take that the runtime is not told of: its P waits for
// it meanwhile, and so does who stops the world.
const briefly = 50 * time.Microsecond

// pread does not tell the runtime of a read that was brief the last time: each system
// call that it is told of in a program that was idle wakes its monitor, which costs
// more than the call.
func (f *file) pread(buf []byte) (n int, err error) {
	start := time.Now()
	if f.brief {
		n, err = preadBriefly(f.fd, buf)
	} else {
		n, err = syscall.Pread(f.fd, buf, 0)
	}
	f.brief = f.kernels && time.Since(start) < briefly
	return n, err
}

func preadBriefly(fd int, buf []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PREAD64, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), 0, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// ofKernel tells whether a file is a control group's own or the process file system's,
// and not of one that stands for those and may ask somebody.
func ofKernel(fd int) bool {
	const first, second, proc = 0x27e0eb, 0x63677270, 0x9fa0
	var fs syscall.Statfs_t
	err := syscall.Fstatfs(fd, &fs)
	kind := uint32(fs.Type)
	return err == nil && (kind == first || kind == second || kind == proc)
}

// number reads a file that holds one number of bytes.
func (f *file) number(buf []byte) (int64, error) {
	text, err := f.read(buf)
	if err != nil {
		return 0, err
	}
	n, err := parseBytes(bytes.TrimSpace(text))
	if err != nil {
		return 0, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return n, nil
}

// numberOr is number, or another one for a nil file, which this kernel does not have.
func (f *file) numberOr(buf []byte, other int64) (int64, error) {
	if f == nil {
		return other, nil
	}
	return f.number(buf)
}

// close does without waiting for the collector. A nil file is closed.
func (f *file) close() {
	if f != nil {
		_ = f.Close()
	}
}

// parseBytes reads a limit or a usage: a decimal number, or "max". The first
// control groups have no "max": their largest number, which depends on the page
// size, is taken for it.
func parseBytes(text []byte) (int64, error) {
	if string(text) == "max" {
		return NoLimit, nil
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, fmt.Errorf("%q is no number of bytes", clip(text))
	}
	if n >= 1<<62 {
		return NoLimit, nil
	}
	return int64(n), nil
}

// pairs yields what each line has before its first blank and behind it.
func pairs(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for line := range bytes.Lines(text) {
			key, value, _ := bytes.Cut(bytes.TrimSuffix(line, newline), blank)
			if !yield(key, value) {
				return
			}
		}
	}
}

var newline, blank = []byte{'\n'}, []byte{' '}

// meminfo is the bytes of a key of /proc/meminfo, which counts in KiB, or 0.
func meminfo(text []byte, key string) int64 {
	for k, value := range pairs(text) {
		if string(k) == key {
			kib, _ := strconv.ParseUint(string(bytes.Trim(value, " kB")), 10, 53)
			return int64(kib) << 10
		}
	}
	return 0
}

// clip keeps a message short whatever a file holds.
func clip[T ~string | ~[]byte](text T) string {
	if len(text) > 60 {
		return string(text[:60]) + "…"
	}
	return string(text)
}
