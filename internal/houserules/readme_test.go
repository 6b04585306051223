package houserules_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's programs compile as they stand; its one-line change, a diff of a
// declaration, does before and after.
func TestProgramsOfTheReadmeCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles whole programs, the same under every build tag; make test does it in its unit stage")
	}
	readme := read(t, "README.md")
	programs := fenced(readme, "go")
	for _, diff := range fenced(readme, "diff") {
		for _, side := range [...]string{"-", "+"} {
			programs = append(programs, declaration(diff, side))
		}
	}
	if len(programs) < 3 {
		t.Fatalf("only %d programs found", len(programs))
	}
	for i, program := range programs {
		dir := t.TempDir()
		write(t, dir, "main.go", program)
		cmd := exec.CommandContext(t.Context(), "go", "vet", filepath.Join(dir, "main.go"))
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("program %d: %v\n%s\n%s", i+1, err, out, program)
		}
	}
}

// fenced is the content of the code blocks of a language.
func fenced(markdown, language string) (blocks []string) {
	for _, part := range strings.Split(markdown, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		blocks = append(blocks, block+"\n")
	}
	return blocks
}

// declaration is a program of the lines of one side of a diff, which declare
// bufs.
func declaration(diff, side string) string {
	var lines strings.Builder
	for line := range strings.Lines(diff) {
		if rest, ok := strings.CutPrefix(line, side); ok {
			lines.WriteString(rest)
		}
	}
	layer := ""
	if strings.Contains(lines.String(), "otelpool.") {
		layer = fmt.Sprintf("%q", module+"/otelpool")
	}
	return "package main\n\nimport (\n\"bytes\"\n\"sync\"\n" + layer + "\n)\n\n" + lines.String() +
		"\nfunc main() { bufs.Put(bufs.Get().(*bytes.Buffer)) }\n"
}

var link = regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)

func TestLinksOfTheDocumentsLead(t *testing.T) {
	t.Parallel()
	for name := range rootFiles(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			if _, err := os.Stat(filepath.Join(root, path.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			}
		}
	}
}
