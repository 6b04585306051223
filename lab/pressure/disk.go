package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// file is one that the service reads again and again: page cache.
type file struct {
	After, Every time.Duration
	Bytes        int64
}

// scratch is an open file without a name, of so many bytes on the disk. It is
// written by who reads it, so that its pages are charged to the reader's group.
func scratch(bytes int64) (*os.File, error) {
	f, err := os.CreateTemp("", "otelpool-pressure-")
	if err != nil {
		return nil, err
	}
	err = os.Remove(f.Name())
	chunk := make([]byte, mib)
	for i := range chunk {
		chunk[i] = byte(i)
	}
	for written := int64(0); written < bytes && err == nil; written += int64(len(chunk)) {
		if _, err = f.Write(chunk); err == nil {
			err = f.Sync() // dirty pages cannot be reclaimed
		}
	}
	return f, err
}

// read reads it for as long as sleep says that there is time.
func (f file) read(sleep func(time.Duration) bool) error {
	if f.Bytes == 0 || !sleep(f.After) {
		return nil
	}
	open, err := scratch(f.Bytes)
	if err != nil {
		return err
	}
	defer open.Close()
	chunk := make([]byte, mib)
	for at := f.After; sleep(at); at += f.Every {
		if _, err := open.Seek(0, io.SeekStart); err != nil {
			return err
		}
		for n, err := 1, error(nil); n > 0; {
			if n, err = open.Read(chunk); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
		}
	}
	return nil
}

// names is files that the service looks for and that are not there: the kernel
// remembers that, in reclaimable slab. They are other names in each run: what the
// kernel knows already is charged to the group that made it look.
type names struct {
	After time.Duration
	Count int
}

func (n names) look(sleep func(time.Duration) bool) {
	if n.Count == 0 || !sleep(n.After) {
		return
	}
	long := "/" + strings.Repeat("x", 160) // a name that needs memory of its own
	run := time.Now().UnixNano()
	for i := range n.Count {
		_ = syscall.Access(fmt.Sprintf("%s%s%d-%d", os.TempDir(), long, run, i), 0)
		if i%1000 == 0 && !sleep(0) {
			return
		}
	}
}

// onDisk reports whether files in a directory are more than memory.
func onDisk(dir string) bool {
	const tmpfs, ramfs = 0x01021994, 0x858458f6
	var fs syscall.Statfs_t
	return syscall.Statfs(dir, &fs) == nil && fs.Type != tmpfs && fs.Type != ramfs
}
