package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otelpool/pool"
)

// chunkBytes is about how much of a file goes into one request.
const chunkBytes = 128 << 10

// inputFiles is the regular files among the paths and below them, in order. A path
// may be a link, and a pipe too. It fails if a file cannot be opened: better now
// than in the middle of a run.
func inputFiles(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		found, err := filesAt(path)
		if err != nil {
			return nil, fmt.Errorf("-input: %w", err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("-input: no files in %s", strings.Join(paths, " "))
	}
	slices.Sort(files)
	return slices.Compact(files), nil
}

// filesAt does not open what is no regular file: a pipe waits for its writer.
func filesAt(path string) (files []string, err error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return []string{path}, canBeOpened(path)
	case !info.IsDir():
		return []string{path}, nil
	}
	if path, err = filepath.EvalSymlinks(path); err != nil { // WalkDir does not follow a link
		return nil, err
	}
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files = append(files, p)
		return canBeOpened(p)
	})
	return files, err
}

func canBeOpened(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	return f.Close()
}

// fileSource reads files in chunks of whole lines. Files ending in .gz are
// decompressed.
type fileSource struct {
	files  []string
	repeat bool // from the first again after the last
	bodies pool.Bytes
	warn   func(error)

	at     int
	posted bool // something, since the first file: empty files must not be read for ever
	file   *os.File
	text   io.Reader
	carry  []byte // the begin of a line whose end was not in the chunk
}

func (s *fileSource) next() (payload, bool) {
	for s.text != nil || s.open() {
		body := s.bodies.Get(chunkBytes)
		if n := s.fill(body); n > 0 {
			s.posted = true
			return payload{body: body[:n], done: func() { s.bodies.Put(body) }}, true
		}
		s.bodies.Put(body)
	}
	return payload{}, false
}

// fill reads as many whole lines as fit, or a piece of one that does not.
func (s *fileSource) fill(body []byte) int {
	n := copy(body, s.carry)
	s.carry = s.carry[:0]
	m, err := io.ReadFull(s.text, body[n:])
	n += m
	if err != nil {
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			s.warn(err)
		}
		s.close()
		return n
	}
	if end := bytes.LastIndexByte(body, '\n') + 1; end > 0 {
		s.carry = append(s.carry, body[end:]...)
		return end
	}
	return n
}

// open opens the next file that can be opened.
func (s *fileSource) open() bool {
	for {
		if s.at == len(s.files) {
			if !s.repeat || !s.posted {
				return false
			}
			s.at, s.posted = 0, false
		}
		name := s.files[s.at]
		s.at++
		if err := s.openFile(name); err != nil {
			s.warn(err)
			continue
		}
		return true
	}
}

func (s *fileSource) openFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	s.file, s.text = f, f
	if strings.HasSuffix(name, ".gz") {
		if s.text, err = gzip.NewReader(f); err != nil {
			s.close()
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *fileSource) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.file, s.text = nil, nil
}
