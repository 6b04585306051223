package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// cpio itself reads what is written for the kernel.
func TestImageIsAnArchiveThatCpioReads(t *testing.T) {
	cpio, err := exec.LookPath("cpio")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	from := filepath.Join(dir, "from")
	os.WriteFile(from, []byte("12345"), 0o644)
	path := filepath.Join(dir, "image.gz")
	if err := writeImage(path, map[string]string{"a/b/c": from}, []string{"sh"}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(
		"sh",
		"-c",
		`mkdir in && cd in && gzip -dc ../image.gz | "$0" -idm && cat a/b/c && readlink bin/sh && ls -d proc dev`,
		cpio,
	)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "12345busybox\ndev\nproc\n") {
		t.Errorf("%s, %v", out, err)
	}
}

func TestMissingFileIsNoImage(t *testing.T) {
	if err := writeImage(filepath.Join(t.TempDir(), "x"), map[string]string{"a": "/nowhere"}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestConsoleSaysWhatFailed(t *testing.T) {
	suites := []suite{{Name: "a"}, {Name: "b"}}
	for _, c := range []struct {
		console string
		want    []string
	}{
		{passed + "a\r\n" + passed + "b\r\n" + ended + "\r\n", nil},
		{passed + "a\n" + failed + "b\n" + ended + "\n", []string{"b failed"}},
		{passed + "a\n" + ended + "\n", []string{"nothing was heard of the end of b"}},
		{passed + "a\n" + passed + "b\nKernel panic\n", []string{"ended before its tests did"}},
		{"", []string{"of a", "of b", "ended before"}},
	} {
		var out bytes.Buffer
		errs := follow(strings.NewReader(c.console), suites, &out)
		if len(errs) != len(c.want) {
			t.Errorf("%q: %v", c.console, errs)
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(errs[i].Error(), want) {
				t.Errorf("%q: %v, want %q", c.console, errs[i], want)
			}
		}
	}
}

// A mirror that does not answer is a reason to skip, in CI too; what the mirror
// does not have is one elsewhere alone.
func TestUnreachableMirrorSkips(t *testing.T) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		t.Skip(err)
	}
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	t.Setenv("https_proxy", "http://127.0.0.1:1")
	t.Setenv("CI", "1")
	if _, err := obtain(t.Context(), t.TempDir()); !errors.Is(err, errUnavailable) {
		t.Error(err)
	}
}
