package browser_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/internal/sim"
	"github.com/otelpool/pool/poolz"
	"github.com/otelpool/pool/strategies"
)

var screenshots = flag.String("screenshots", "", "take the pictures of the docs into this directory")

// TestPageInChromium runs page.test.mjs on a page of pools that misbehave, and
// one of a thousand pools.
func TestPageInChromium(t *testing.T) {
	out := inChromium(t, nil, "--test", "--test-reporter=spec", "page.test.mjs")
	passed := regexp.MustCompile(`(?m)^ℹ pass (\d+)$`).FindSubmatch(out)
	if passed == nil {
		t.Fatalf("node reports no result:\n%s", out)
	}
	if n, _ := strconv.Atoi(string(passed[1])); n < 15 {
		t.Errorf("only %d tests passed:\n%s", n, out)
	}
	t.Logf("%s", out)
}

func TestScreenshots(t *testing.T) {
	if *screenshots == "" {
		t.Skip("nobody asked for pictures: make screenshots")
	}
	dir, err := filepath.Abs(*screenshots)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s", inChromium(t, []string{"SHOTS=" + dir}, "screenshots.mjs"))
}

// inChromium runs a script of node's with a browser and the pages to look at.
func inChromium(t *testing.T, env []string, args ...string) []byte {
	t.Helper()
	chromium := need(
		t,
		"apt-get install chromium fonts-dejavu-core",
		os.Getenv("CHROMIUM"),
		"chromium",
		"chromium-browser",
		"google-chrome",
	)
	node := need(t, "apt-get install nodejs npm", "node")
	modules(t)
	cmd := exec.CommandContext(t.Context(), node, args...)
	cmd.Env = append(
		os.Environ(),
		append(env, "CHROMIUM="+chromium, "PAGE="+site(t, "127.0.0.1:0"), "MANY="+thousand(t), "NOTHING="+nothing(t))...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// thousand serves a page of a thousand pools that are busy, under a controller.
func thousand(t *testing.T) string {
	t.Helper()
	r := new(pool.Registry)
	pools := make([]*strategies.SizeClasses, 1000)
	for i := range pools {
		pools[i] = strategies.Must(
			strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: fmt.Sprintf("shard-%03d", i), Registry: r, Limit: 1 << 20}),
		)
	}
	repeat(t, func(tick int) {
		for i := range 20 {
			hold(pools[(tick*20+i)%len(pools)], 1+i, 512)
		}
	})
	c, err := adaptive.New(adaptive.Config{Registry: r, MaxIdleBytes: 64 << 20, Signals: sim.Calm{}}) // whatever the machine is short of
	if err != nil {
		t.Fatal(err)
	}
	work(t, func(ctx context.Context) { _ = c.Run(ctx) }) // ends with the test, which is no error
	return serve(t, "127.0.0.1:0", poolz.Handler(poolz.WithRegistry(r)))
}

// nothing serves a page of one word, to compare with.
func nothing(t *testing.T) string {
	return serve(t, "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><p>nothing`)
	}))
}

// The chart library in the page is the one that npm has under that version, so
// that an update is a change of package.json, a copy and nothing else.
func TestChartLibraryIsTheNpmPackage(t *testing.T) {
	modules(t)
	for embedded, published := range map[string]string{
		"uPlot.iife.min.js": "dist/uPlot.iife.min.js",
		"uPlot.min.css":     "dist/uPlot.min.css",
		"uPlot.LICENSE":     "LICENSE",
	} {
		got, err := os.ReadFile("../../poolz/assets/" + embedded)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile("node_modules/uplot/" + published)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("poolz/assets/%s is not node_modules/uplot/%s: cp it", embedded, published)
		}
	}
}

// modules installs what package-lock.json pins, unless that is there already.
func modules(t *testing.T) {
	t.Helper()
	npm := need(t, "apt-get install nodejs npm", "npm")
	wanted, err := os.Stat("package-lock.json")
	if err != nil {
		t.Fatal(err)
	}
	if have, err := os.Stat("node_modules/.package-lock.json"); err == nil && !have.ModTime().Before(wanted.ModTime()) {
		return
	}
	cmd := exec.CommandContext(t.Context(), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	if out, err := cmd.CombinedOutput(); err != nil {
		skip(t, fmt.Sprintf("npm ci: %v\n%s", err, out))
	}
}

// need is the first of the programs that is there.
func need(t *testing.T, remedy string, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	skip(t, names[len(names)-1]+" is not installed: "+remedy)
	return ""
}

// skip skips on a developer's machine; where CI is set, a missing browser fails the
// test.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
