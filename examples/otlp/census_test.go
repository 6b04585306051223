package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Who runs the gateway sees what each sync.Pool in it is, also where the binary is
// stripped, as in an image.
func TestNearlyAllSyncPoolsOfTheGatewayAreNamed(t *testing.T) {
	for name, ldflags := range map[string]string{"as built": "", "stripped": "-s -w"} {
		t.Run(name, func(t *testing.T) {
			binary := filepath.Join(t.TempDir(), "gateway")
			if out, err := exec.CommandContext(t.Context(), "go", "build", "-ldflags="+ldflags, "-o", binary,
				".").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			page := startGateway(t, binary, "-sync-pools", "-calibrate", "0")
			var named, unnamed []string
			for end := time.Now().Add(2 * time.Minute); len(named) < 5; {
				if time.Now().After(end) {
					t.Fatalf("only %q are named after two minutes, %q are not", named, unnamed)
				}
				named, unnamed = syncPoolsOf(t, page)
			}
			t.Logf("named: %q", named)
			if share := float64(len(named)) / float64(len(named)+len(unnamed)); share < 0.95 {
				t.Errorf("%.0f %% are named, at least 95 %%; these are not: %q", 100*share, unnamed)
			}
		})
	}
}

// startGateway returns the address of its page.
func startGateway(t *testing.T, binary string, args ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), binary, args...)
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Signal(os.Interrupt); _ = c.Wait() })
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if _, url, ok := strings.Cut(lines.Text(), "the pools, live: "); ok {
			go func() {
				for lines.Scan() {
				}
			}()
			return url
		}
	}
	t.Fatal("the gateway does not say where its page is")
	return ""
}

// syncPoolsOf splits the rows of sync.Pools by whether they have the name of a
// variable, of a function or of a package's type, which leads to the pool, or only
// of a type like []byte.
func syncPoolsOf(t *testing.T, page string) (named, unnamed []string) {
	t.Helper()
	var report struct {
		Pools []struct{ Name, Strategy string }
	}
	if err := json.Unmarshal([]byte(get(t, page+"?format=json")), &report); err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Pools {
		switch name, isOne := strings.CutPrefix(p.Name, "sync.Pool "); {
		case !isOne || p.Strategy != "sync.Pool":
		case strings.HasPrefix(name, "of ") && !strings.Contains(name, "."):
			unnamed = append(unnamed, name)
		default:
			named = append(named, name)
		}
	}
	return named, unnamed
}
