package main

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// image writes an initramfs: a compressed archive in cpio's newc format, which
// is all that the kernel knows.
type image struct {
	to    io.Writer
	inode int
	err   error // the first; nothing is written after it
}

const (
	directory  = 0o040755
	executable = 0o100755
	symlink    = 0o120777
)

func (i *image) entry(name string, mode int, body []byte) {
	if i.err != nil {
		return
	}
	i.inode++
	fields := []int{i.inode, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name) + 1, 0}
	var header strings.Builder
	header.WriteString("070701")
	for _, f := range fields {
		fmt.Fprintf(&header, "%08x", f)
	}
	header.WriteString(name + "\x00")
	for _, part := range []string{header.String(), string(body)} {
		_, err := io.WriteString(i.to, part+strings.Repeat("\x00", -len(part)&3)) // to a multiple of 4
		if i.err == nil {
			i.err = err
		}
	}
}

func (i *image) file(name, from string) {
	body, err := os.ReadFile(from)
	if err != nil && i.err == nil {
		i.err = err
	}
	i.entry(name, executable, body)
}

// writeImage packs files, by their path inside, and links to busybox for the
// applets.
func writeImage(path string, files map[string]string, applets []string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buffered := bufio.NewWriter(f)
	packed, _ := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	i := image{to: packed}
	dirs := map[string]bool{".": true}
	for _, dir := range []string{"proc/x", "sys/x", "dev/x", "tmp/x", "disk/x", "bin/x"} {
		i.directories(dir, dirs)
	}
	for name, from := range files {
		i.directories(name, dirs)
		i.file(name, from)
	}
	for _, a := range applets {
		i.entry("bin/"+a, symlink, []byte("busybox"))
	}
	i.entry("TRAILER!!!", 0, nil)
	for _, end := range []func() error{packed.Close, buffered.Flush, f.Close} {
		if err := end(); i.err == nil {
			i.err = err
		}
	}
	return i.err
}

// directories are those above a name, once.
func (i *image) directories(name string, have map[string]bool) {
	dir := filepath.Dir(name)
	if have[dir] {
		return
	}
	i.directories(dir, have)
	have[dir] = true
	i.entry(dir, directory, nil)
}
