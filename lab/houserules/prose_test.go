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
// document have no bound, nor have generated code, the tags of a struct's fields
// and the lines within a raw string.
const (
	mostProseColumns = 120
	mostCodeColumns  = 140
)

// cited matches a path of a file in backquotes.
var cited = regexp.MustCompile("`([\\w.-]+(?:/[\\w.-]+)+\\.(?:go|md|ya?ml|json|js|css|html|txt|png|svg|sum|mod))`")

// fieldTag matches a field whose tag cannot be broken.
var fieldTag = regexp.MustCompile("^\\t+\\w+ +[^ ]+ +`json:\".*\"`$")

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
	for _, dir := range allModules(t) {
		for name := range moduleFiles(t, dir) {
			name = path.Join(dir, name)
			switch {
			case path.Ext(name) == ".md" && name != "BENCHMARKS.md": // a program's
				wideProse(t, name)
			case path.Ext(name) == ".go" && !strings.Contains(name, "testdata/"):
				wideGo(t, name)
			}
		}
	}
}

func wideProse(t *testing.T, name string) {
	t.Helper()
	inCode := false
	for i, line := range strings.Split(read(t, name), "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			inCode = !inCode
		}
		table := strings.HasPrefix(line, "|") || strings.HasPrefix(line, "![") || !strings.Contains(strings.TrimLeft(line, "-> "), " ")
		if columns := utf8.RuneCountInString(line); !inCode && !table && columns > mostProseColumns {
			t.Errorf("%s:%d: %d columns of prose, at most %d", name, i+1, columns, mostProseColumns)
		}
	}
}

func wideGo(t *testing.T, name string) {
	t.Helper()
	text := read(t, name)
	if strings.Contains(text, "\n// Code generated ") || strings.HasPrefix(text, "// Code generated ") {
		return
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
			t.Errorf("%s:%d: %d columns of comment, at most %d", name, i+1, columns, mostProseColumns)
		case !strings.HasPrefix(trimmed, "//") && columns > mostCodeColumns && !fieldTag.MatchString(line):
			t.Errorf("%s:%d: %d columns of code, at most %d", name, i+1, columns, mostCodeColumns)
		}
	}
}
