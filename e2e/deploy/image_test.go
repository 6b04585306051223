package deploy_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

const dockerfile = root + "/examples/otlp/Dockerfile"

// The image is built with a pinned compiler, and runs as a user who is not root, in
// an image without a shell.
func TestDockerfileIsPinnedAndWithoutRoot(t *testing.T) {
	t.Parallel()
	from := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(content(t, dockerfile), -1)
	if len(from) != 2 || !regexp.MustCompile(`^golang:1\.\d+\.\d+-`).MatchString(from[0][1]) ||
		from[1][1] != "gcr.io/distroless/static-debian12:nonroot" {
		t.Errorf("stages %v; want a pinned golang, then distroless as nonroot", from)
	}
}

// The image needs only the files that Docker sends to the builder, those not in
// .dockerignore: the test runs its RUN steps in a directory with only those files.
func TestImageIsBuiltOfItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	copied := copyContext(t, dir)
	for _, m := range regexp.MustCompile(`(?m)^COPY ([^-\n]+) \S+$`).FindAllStringSubmatch(content(t, dockerfile), -1) {
		for source := range strings.FieldsSeq(m[1]) {
			if _, err := os.Stat(filepath.Join(dir, source)); err != nil {
				t.Errorf("COPY %s: %v", source, err)
			}
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^RUN (.+)$`).FindAllStringSubmatch(content(t, dockerfile), -1) {
		step := strings.ReplaceAll(m[1], "/gateway", filepath.Join(dir, "gateway"))
		cmd := exec.CommandContext(t.Context(), "bash", "-c", step)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", step, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "gateway")); err != nil {
		t.Error(err)
	}
	t.Logf("%d files in the context", copied)
	onlyCompiled(t, dir)
}

// onlyCompiled finds what a change of would build the image anew and leave it the
// same: a directory that has no package of the gateway.
func onlyCompiled(t *testing.T, context string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", ".")
	cmd.Dir = filepath.Join(context, "examples", "otlp")
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	err = filepath.WalkDir(context, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path == filepath.Join(context, "gateway") {
			return err
		}
		if !slices.ContainsFunc(packages, func(dir string) bool { return dir == filepath.Dir(path) || embeds(dir, path) }) {
			t.Errorf("%s is of no package that the gateway is compiled of: .dockerignore is to have it", path)
		}
		if name := d.Name(); filepath.Ext(name) == ".md" || strings.HasSuffix(name, "_test.go") || name == "Makefile" {
			t.Errorf("%s is in the context, and not in the image", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// embeds reports whether the file is an asset of the package.
func embeds(dir, path string) bool { return strings.HasPrefix(path, filepath.Join(dir, "assets")+"/") }

// copyContext copies what .dockerignore leaves, as Docker's own library reads it.
func copyContext(t *testing.T, to string) (copied int) {
	t.Helper()
	file, err := os.Open(root + "/.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := patternmatcher.New(patterns)
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		name, err := filepath.Rel(root, path)
		if err != nil || d.IsDir() {
			return err
		}
		if skip, err := ignored.MatchesOrParentMatches(name); skip || err != nil {
			return err
		}
		copied++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return copied
}
