package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otelpool/pool/strategies"
)

func TestFilesArePostedWholeInLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 1))
	var want strings.Builder
	write := func(name string, text string, pack bool) {
		want.WriteString(text)
		data := []byte(text)
		if pack {
			data = zipped(data)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines := func(n int) string {
		var b strings.Builder
		for range n {
			fmt.Fprintf(&b, "%x\n", r.Perm(1+r.IntN(50)))
		}
		return b.String()
	}
	write("a.log", lines(5000), false)
	write("b.empty", "", false)
	write("c.log.gz", lines(3000)+"no newline at the end", true)
	write("d.long", strings.Repeat("x", 3*chunkBytes+7)+"\n"+lines(10), false)

	files, err := inputFiles([]string{dir})
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	s := &fileSource{files: files, bodies: p, warn: func(err error) { t.Error(err) }}
	var got strings.Builder
	for c, ok := s.next(); ok; c, ok = s.next() {
		got.Write(c.body)
		c.done()
	}
	if got.String() != want.String() {
		t.Errorf("%d bytes, want %d, or they differ", got.Len(), want.Len())
	}
	s = &fileSource{files: []string{files[1]}, repeat: true, bodies: p, warn: func(err error) { t.Error(err) }}
	if _, ok := s.next(); ok {
		t.Error("an empty file has content")
	}
	s = &fileSource{files: files[:2], repeat: true, bodies: p, warn: func(err error) { t.Error(err) }}
	for range 100 {
		c, ok := s.next()
		if !ok {
			t.Fatal("a repeated file ends")
		}
		if c.body[len(c.body)-1] != '\n' {
			t.Fatal("a chunk ends within a line")
		}
		c.done()
	}
}

func TestUnreadableInputIsAnError(t *testing.T) {
	t.Parallel()
	for _, paths := range [][]string{{filepath.Join(t.TempDir(), "none")}, {t.TempDir()}} {
		if files, err := inputFiles(paths); err == nil || !strings.HasPrefix(err.Error(), "-input: ") {
			t.Errorf("inputFiles(%q) = %q, %v", paths, files, err)
		}
	}
}

func TestALinkToADirectoryIsReadAsTheDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := errors.Join(
		os.Mkdir(filepath.Join(dir, "logs"), 0o700),
		os.WriteFile(filepath.Join(dir, "logs", "a.log"), []byte("{}\n"), 0o600),
		os.Symlink("logs", filepath.Join(dir, "link")),
	); err != nil {
		t.Fatal(err)
	}
	files, err := inputFiles([]string{filepath.Join(dir, "link")})
	if err != nil || len(files) != 1 || filepath.Base(files[0]) != "a.log" {
		t.Errorf("%q, %v", files, err)
	}
}
