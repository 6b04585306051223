package houserules_test

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The README's programs compile as they stand; its one-line change, a diff of a
// declaration, does before and after.
func TestProgramsOfTheReadmeCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles whole programs, the same under every build tag; make test does it in its house-rules stage")
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
		if strings.HasPrefix(program, "import ") { // a line for somebody's program
			program = "package main\n\n" + program + "\nfunc main() {}\n"
		}
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
	var imports strings.Builder
	for _, name := range [...]string{"bytes", "sync", module + "/otelpool"} {
		if strings.Contains(lines.String(), path.Base(name)+".") {
			fmt.Fprintf(&imports, "import %q\n", name)
		}
	}
	return "package main\n\n" + imports.String() + "\n" + lines.String() +
		"\nfunc main() { bufs.Put(bufs.Get().(*bytes.Buffer)) }\n"
}

var (
	link    = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]*))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestLinksOfTheDocumentsLead(t *testing.T) {
	t.Parallel()
	for name := range rootFiles(t) {
		if path.Ext(name) != ".md" {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			to := name
			if m[1] != "" {
				to = path.Join(path.Dir(name), m[1])
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, m[1])
			} else if path.Ext(to) == ".md" && m[2] != "" && !slices.Contains(anchors(read(t, to)), m[2]) {
				t.Errorf("%s links to %s#%s, and no heading there is called so", name, m[1], m[2])
			}
		}
	}
}

// anchors are the names under which a document's headings can be linked to, as
// GitHub makes them.
func anchors(markdown string) (names []string) {
	for _, m := range heading.FindAllStringSubmatch(markdown, -1) {
		name := dropped.ReplaceAllString(strings.ToLower(strings.TrimSpace(m[1])), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}
