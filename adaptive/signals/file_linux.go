package signals

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

// file is a kernel file that is kept open and read anew from its beginning: half
// of what open, read and close cost. It does without os.File, whose ReadAt reads
// on until the end of the file, and which would have the runtime poll it.
type file struct {
	path    string
	fd      int
	kernels bool // the kernel's own
	brief   bool // the last read took no time
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
		f := &file{path: path, fd: fd, kernels: ofKernel(fd)}
		f.cleanup = runtime.AddCleanup(f, func(fd int) { _ = syscall.Close(fd) }, fd)
		return f, nil
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
			return nil, fmt.Errorf("read %s: %w", f.path, err)
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
