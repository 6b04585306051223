package houserules_test

import (
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"golang.org/x/mod/modfile"
)

// ownVersions are the modules that need not agree with the others on versions.
var ownVersions = map[string]string{
	".":                    "what it requires, every user gets",
	"adapters/arrowpool":   "as above",
	"adapters/parquetpool": "as above",
	"e2e/apiserver":        "a program as it was released, which make test does not build",
	"e2e/compose":          "as above",
	"e2e/prometheus":       "as above",
	"e2e/thanos":           "as above",
	"e2e/victoriametrics":  "as above",
	"tools":                "as above",
	"tools/vuln":           "as above",
}

// A package is compiled once for each version of it and of what it imports: with a few
// versions of gRPC, golang.org/x/net and the clouds' SDKs, make test compiled 1,770
// packages of others, and with one of each 1,310.
func TestModulesTakeOneVersionOfWhatTheyShare(t *testing.T) {
	t.Parallel()
	all := required(t)
	for path, versions := range all {
		if len(versions) > 1 {
			t.Errorf("%s has more than one version: %v; go get the newest in each", path, versions)
		}
	}
	if len(all) < 100 {
		t.Errorf("%d modules are required: does this test still see them?", len(all))
	}
}

// required returns the directories of the modules that require a version of another.
func required(t *testing.T) map[string]map[string][]string {
	t.Helper()
	all := map[string]map[string][]string{}
	for _, dir := range allModules(t) {
		if ownVersions[dir] != "" {
			continue
		}
		for _, r := range goMod(t, dir).Require {
			if dir == "e2e/otelcol" && r.Mod.Path == "github.com/prometheus/prometheus" {
				continue // the one that the collector's exporters were released with
			}
			if all[r.Mod.Path] == nil {
				all[r.Mod.Path] = map[string][]string{}
			}
			all[r.Mod.Path][r.Mod.Version] = append(all[r.Mod.Path][r.Mod.Version], dir)
		}
	}
	return all
}

// With an older Go make vuln finds what a newer one has mended, and the newest of our
// modules do not compile.
func TestCIAndTheImageHaveOneGoThatSatisfiesEveryModule(t *testing.T) {
	t.Parallel()
	image := regexp.MustCompile(`FROM golang:(\d+\.\d+\.\d+)-`).FindStringSubmatch(read(t, "examples/otlp/Dockerfile"))
	if image == nil {
		t.Fatal("the Dockerfile names no version of Go")
	}
	workflows, err := os.ReadDir(filepath.Join(root, ".github/workflows"))
	if err != nil || len(workflows) == 0 {
		t.Fatal("no workflows", err)
	}
	for _, w := range workflows {
		m := regexp.MustCompile(`go-version: (\S+)`).FindStringSubmatch(read(t, ".github/workflows/"+w.Name()))
		if m == nil || m[1] != image[1] {
			t.Errorf("%s has %q; the image is built by Go %s", w.Name(), m, image[1])
		}
	}
	for _, dir := range allModules(t) {
		if g := goMod(t, dir).Go.Version; version.Compare("go"+g, "go"+image[1]) > 0 {
			t.Errorf("%s/go.mod asks for Go %s; CI and the image have %s", dir, g, image[1])
		}
	}
}

func goMod(t *testing.T, dir string) *modfile.File {
	t.Helper()
	name := filepath.Join(dir, "go.mod")
	mod, err := modfile.Parse(name, []byte(read(t, name)), nil)
	if err != nil {
		t.Fatal(err)
	}
	return mod
}
