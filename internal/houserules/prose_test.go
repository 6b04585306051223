package houserules_test

import (
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// The widest lines, a tab being four columns. Tables, links and code blocks of a
// document have no bound, nor has code that a program wrote.
const (
	mostProseColumns = 120
	mostCodeColumns  = 140
	mostWideProse    = 0
	mostWideCode     = 140 // lines that are yet to be broken
)

// cited matches a path of a file in backquotes.
var cited = regexp.MustCompile("`([\\w.-]+(?:/[\\w.-]+)+\\.(?:go|md|ya?ml|json|js|css|html|txt|png|svg|sum|mod))`")

func TestDocumentsCiteFilesThatAreThere(t *testing.T) {
	t.Parallel()
	for name := range rootFiles(t) {
		if path.Ext(name) != ".md" || name == "CHANGELOG.md" { // which names what is gone
			continue
		}
		for _, m := range cited.FindAllStringSubmatch(read(t, name), -1) {
			if !strings.Contains(m[1], "NAME") && !exists(m[1]) && !exists(path.Join(path.Dir(name), m[1])) {
				t.Errorf("%s cites %s, which is not there", name, m[1])
			}
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(root, name))
	return err == nil
}

func TestLinesFitTheScreen(t *testing.T) {
	t.Parallel()
	prose, code := 0, 0
	for name := range rootFiles(t) {
		switch {
		case path.Ext(name) == ".md" && name != "BENCHMARKS.md": // a program's
			prose += wideProse(t, name)
		case path.Ext(name) == ".go" && !strings.Contains(name, "testdata/"):
			p, c := wideGo(read(t, name))
			prose, code = prose+p, code+c
			if p > 0 {
				t.Logf("%s: %d wide lines of comment", name, p)
			}
		}
	}
	if prose > mostWideProse || code > mostWideCode {
		t.Errorf("%d lines of prose over %d columns, at most %d; %d of code over %d, at most %d",
			prose, mostProseColumns, mostWideProse, code, mostCodeColumns, mostWideCode)
	}
	t.Logf("%d wide lines of prose, %d of code", prose, code)
}

func wideProse(t *testing.T, name string) (wide int) {
	t.Helper()
	inCode := false
	for i, line := range strings.Split(read(t, name), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inCode = !inCode
		}
		table := strings.HasPrefix(line, "|") || strings.HasPrefix(line, "![") || !strings.Contains(strings.TrimLeft(line, "-> "), " ")
		if !inCode && !table && utf8.RuneCountInString(line) > mostProseColumns {
			wide++
			t.Logf("%s:%d: wide prose", name, i+1)
		}
	}
	return wide
}

// wideGo counts the wide lines of a file: those that end in a comment, and others.
func wideGo(text string) (comments, code int) {
	if strings.Contains(text, "\n// Code generated ") || strings.HasPrefix(text, "// Code generated ") {
		return 0, 0
	}
	raw := make(map[int]bool) // in a raw string, which means its lines as they are
	lines([]byte(text), func(tok token.Token, from, to int) {
		for n := from; tok == token.STRING && from < to && n <= to; n++ {
			raw[n] = true
		}
	})
	for i, line := range strings.Split(text, "\n") {
		columns := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    "))
		trimmed := strings.TrimSpace(line)
		switch {
		case raw[i+1] || strings.HasPrefix(trimmed, "//go:") || strings.HasPrefix(trimmed, "//\t"): // a directive, a table
		case strings.HasPrefix(trimmed, "//") && columns > mostProseColumns:
			comments++
		case !strings.HasPrefix(trimmed, "//") && columns > mostCodeColumns:
			code++
		}
	}
	return comments, code
}
