package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedLoopsAreCurrent(t *testing.T) {
	t.Parallel()
	const root = "../../.."
	for _, c := range []struct{ dir, pkg, table, loops string }{
		{".", "pool_test", "bench_loops.txt", "bench_loops_test.go"},
		{"lab/bench", "bench_test", "loops.txt", "loops_test.go"},
	} {
		table, err := os.ReadFile(filepath.Join(root, c.dir, c.table))
		if err != nil {
			t.Fatal(err)
		}
		want, err := generate(c.pkg, c.table, string(table))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(root, c.dir, c.loops)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s in %s is not what its table makes: run go generate there (%v)", c.loops, c.dir, err)
		}
	}
}

func TestABadLineIsNamed(t *testing.T) {
	t.Parallel()
	_, err := generate("p", "pools.txt", "# comment\n\na  b  c  d  e\nmakes  []byte  allocate(size)\n")
	if err == nil || !strings.Contains(err.Error(), "pools.txt:4: 3 columns") {
		t.Errorf("error %v, want the file, the line and the number of columns", err)
	}
}
