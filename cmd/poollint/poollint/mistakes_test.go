package poollint_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the programs and reports into docs/mistakes.md")

const (
	repository = "../../.."
	programs   = "docs/testdata/mistakes"
	page       = repository + "/docs/mistakes.md"
)

// mistakes has the programs by directory, with the page's chapter, and the kinds that
// are reported of each, in order.
var mistakes = []struct {
	dir, chapter string
	kinds        []string
}{
	{"useafterput", "Use after Put", []string{"use after Put"}},
	{"doubleput", "Double Put", []string{"double Put", "Close that puts twice", "two owners"}},
	{"returnedandput", "Returned and put", []string{"returned and put"}},
	{"forgottenput", "Forgotten Put", []string{"forgotten Put"}},
	{"wrongvalue", "Put of something else", []string{"Put of a non-pointer", "Put of what append may have moved", "Put of a part"}},
	{"wrongstate", "Put in a wrong state", []string{"Put without a cap", "Put without Reset"}},
	{"copied", "Pool copied", []string{"pool copied"}},
}

// finder is a column of the page's table: a command, the kinds that it finds, by
// directory, and what it says of the programs. Each mistake has its mark in a report once.
type finder struct {
	name, mark string
	finds      map[string][]string
	reports    map[string]string
	found      func(report, kind string) bool
}

func finders(t *testing.T) []finder {
	all := make(map[string][]string)
	for _, m := range mistakes {
		all[m.dir] = m.kinds
	}
	return []finder{
		{"poollint", "\n", all, lintPrograms(t), func(report, kind string) bool {
			return strings.Contains(report, ": "+kind+": ")
		}},
		{"go test -race", "WARNING: DATA RACE", raced, racePrograms(t), raceNames},
	}
}

func TestEveryMistakeOfThePageIsFoundAndItsMendIsNot(t *testing.T) {
	t.Parallel()
	columns := finders(t)
	blocks := map[string]string{"table": table(columns)}
	for _, m := range mistakes {
		block := "```go\n" + excerpt(t, m.dir) + "```\n"
		for _, f := range columns {
			f.check(t, m.dir)
			if f.finds[m.dir] != nil {
				block += "\n`" + f.name + "` says:\n\n```\n" + f.reports[m.dir] + "```\n"
			}
		}
		blocks[m.dir] = block + "\nFixed:\n\n```diff\n" + diff(t, m.dir) + "```\n"
	}
	comparePage(t, blocks)
}

// check holds that a program's mistakes are found, one each, and none where it is mended.
func (f *finder) check(t *testing.T, dir string) {
	t.Helper()
	report, kinds := f.reports[dir], f.finds[dir]
	for _, kind := range kinds {
		if !f.found(report, kind) {
			t.Errorf("%s finds no %q in %s:\n%s", f.name, kind, dir, report)
		}
	}
	if n := strings.Count(report, f.mark); n != len(kinds) {
		t.Errorf("%s has %d findings in %s, want %d:\n%s", f.name, n, dir, len(kinds), report)
	}
	if report := f.reports[dir+"/mended"]; report != "" {
		t.Errorf("%s finds a mistake where %s is mended:\n%s", f.name, dir, report)
	}
}

func table(columns []finder) string {
	var b strings.Builder
	b.WriteString("| Mistake |")
	for _, f := range columns {
		fmt.Fprintf(&b, " `%s` finds |", f.name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, m := range mistakes {
		fmt.Fprintf(&b, "| [%s](%s) |", m.chapter, slug(m.chapter))
		for _, f := range columns {
			fmt.Fprintf(&b, " %s |", cmp.Or(strings.Join(f.finds[m.dir], ", "), "—"))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// comparePage writes or compares the blocks between the page's begin and end comments.
func comparePage(t *testing.T, blocks map[string]string) {
	t.Helper()
	text := readFile(t, page)
	want := text
	for name, block := range blocks {
		begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"
		before, rest, ok := strings.Cut(want, begin)
		_, after, closed := strings.Cut(rest, end)
		if !ok || !closed {
			t.Fatalf("docs/mistakes.md has no %s…%s", begin, end)
		}
		want = before + begin + "\n" + block + "\n" + end + after
	}
	switch {
	case want == text || t.Failed():
	case *update:
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("docs/mistakes.md is not what the programs, poollint and the race detector say: go test -C cmd/poollint " +
			"./poollint -run ThePage -update")
	}
}

// lintPrograms is what poollint says of all programs, which has to make it fail.
func lintPrograms(t *testing.T) map[string]string {
	t.Helper()
	base, err := filepath.Abs(filepath.Join(repository, programs))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), buildTool(t), "-test=false", "./"+programs+"/...")
	cmd.Dir, cmd.Env = repository, append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if failed := new(exec.ExitError); !errors.As(err, &failed) {
		t.Fatalf("poollint has to fail: %v\n%s", err, out)
	}
	reports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		name, ok := strings.CutPrefix(line, base+string(filepath.Separator))
		if !ok {
			t.Fatalf("poollint says %q", line)
		}
		file, _, _ := strings.Cut(name, ":")
		reports[filepath.ToSlash(filepath.Dir(file))] += name
	}
	return reports
}

// excerpt is a program without its package clause, imports and main.
func excerpt(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(repository, programs, dir, "main.go")
	text := readFile(t, name)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	from, to := 0, len(text)
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.GenDecl:
			if d.Tok == token.IMPORT {
				from = fset.Position(d.End()).Offset
			}
		case *ast.FuncDecl:
			if d.Name.Name == "main" {
				to = fset.Position(d.Pos()).Offset
			}
		}
	}
	return strings.TrimSpace(text[from:to]) + "\n"
}

// diff is from a program to its mended form, without the first comment.
func diff(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "diff", "-U", "2", "main.go", "mended/main.go")
	cmd.Dir = filepath.Join(repository, programs, dir)
	out, err := cmd.Output()
	if failed := new(exec.ExitError); !errors.As(err, &failed) || failed.ExitCode() != 1 {
		t.Fatalf("diff of %s: %v", dir, err)
	}
	hunks := regexp.MustCompile(`(?m)^@@.*\n`).Split(string(out), -1)[1:]
	var kept []string
	for _, h := range hunks {
		if !strings.HasPrefix(h, "-// ") { // the first line says what the program is
			kept = append(kept, h)
		}
	}
	return strings.Join(kept, "…\n")
}

// TestEveryKindHasItsChapter holds the URLs of diagnostics, which are headings' anchors.
func TestEveryKindHasItsChapter(t *testing.T) {
	t.Parallel()
	anchors := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(readFile(t, page), -1) {
		anchors[slug(m[1])] = true
	}
	kinds := kinds(t)
	if len(kinds) < 12 {
		t.Errorf("%d constants named kind…: %q", len(kinds), kinds)
	}
	for _, kind := range kinds {
		if !anchors[slug(kind)] {
			t.Errorf("docs/mistakes.md has no heading %q", kind)
		}
	}
}

// slug is GitHub's anchor of a heading.
func slug(heading string) string {
	return "#" + strings.ReplaceAll(strings.ToLower(heading), " ", "-")
}

// kinds are the string constants named kind… of the analyzer.
func kinds(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || !strings.HasPrefix(spec.Names[0].Name, "kind") || len(spec.Values) != 1 {
				return true
			}
			if text, ok := spec.Values[0].(*ast.BasicLit); ok && text.Kind == token.STRING {
				kind, err := strconv.Unquote(text.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, kind)
			}
			return true
		})
	}
	return all
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
