package houserules_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the diagram of ARCHITECTURE.md")

// undrawn are rows that the diagram leaves out: what only tests import, and what
// may import anything.
var undrawn = []string{
	"internal/testalloc",
	"internal/adaptertest", "internal/testcost", "internal/raceflag", "internal/benchcase", "tools",
}

func TestTheDiagramIsTheTableOfImports(t *testing.T) {
	t.Parallel()
	const begin, end = "```mermaid\n", "```\n"
	text := read(t, "ARCHITECTURE.md")
	before, rest, _ := strings.Cut(text, begin)
	_, after, found := strings.Cut(rest, end)
	if !found {
		t.Fatal("ARCHITECTURE.md has no mermaid block")
	}
	want := before + begin + diagram() + end + after
	if want == text {
		return
	}
	if !*update {
		t.Fatal("the diagram of ARCHITECTURE.md is not the table of imports: go test ./houserules -run Diagram -update, in lab")
	}
	if err := os.WriteFile(filepath.Join(root, "ARCHITECTURE.md"), []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// diagram draws an arrow for each import that the table allows and that no two
// others imply.
func diagram() string {
	var b strings.Builder
	b.WriteString("flowchart BT\n")
	for _, dir := range slices.Sorted(maps.Keys(imports)) {
		if slices.Contains(undrawn, dir) || slices.Contains(imports[dir], anything) {
			continue
		}
		fmt.Fprintf(&b, "  %s[%q]", node(dir), nodeName(dir))
		if to := direct(dir); len(to) > 0 {
			fmt.Fprintf(&b, " --> %s", strings.Join(to, " & "))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// direct has the arrows of a row that no two others imply.
func direct(dir string) (nodes []string) {
	targets := importable(dir)
	for _, to := range targets {
		implied := slices.ContainsFunc(targets, func(by string) bool { return reaches(by, to) })
		if !implied && !slices.Contains(undrawn, to) {
			nodes = append(nodes, node(to))
		}
	}
	return nodes
}

// reaches reports whether a row may import another, if need be by way of others.
func reaches(from, to string) bool {
	return slices.ContainsFunc(importable(from), func(next string) bool { return next == to || reaches(next, to) })
}

func node(dir string) string { return "n_" + strings.ReplaceAll(dir, "/", "_") }

func nodeName(dir string) string {
	if dir == "" {
		return "pool"
	}
	return dir
}

// A question of the table has a place to begin, so that its answer is two hops
// away at most.
func TestTheTableOfQuestionsLeadsSomewhere(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(read(t, "ARCHITECTURE.md"), "| Question | Where |\n")
	rows := 0
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		rows++
		if !strings.Contains(line, "](") {
			t.Errorf("no link: %s", line)
		}
	}
	if rows < 16 {
		t.Errorf("%d questions, at least 16", rows)
	}
}
