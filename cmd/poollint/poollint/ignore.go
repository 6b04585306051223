package poollint

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"

	"golang.org/x/tools/go/analysis"
)

const (
	directive  = "//poollint:ignore"
	kindIgnore = "ignored without a reason"
)

// readIgnores notes the lines that a directive silences: its own and the next.
func (c *checker) readIgnores() {
	c.ignored = make(map[string]map[int]bool)
	for _, f := range c.pass.Files {
		for _, group := range f.Comments {
			for _, comment := range group.List {
				c.readIgnore(comment)
			}
		}
	}
}

func (c *checker) readIgnore(comment *ast.Comment) {
	reason, ok := strings.CutPrefix(comment.Text, directive)
	if !ok {
		return
	}
	if reason, _, _ = strings.Cut(reason, "//"); strings.TrimSpace(reason) == "" {
		c.pass.Report(analysis.Diagnostic{
			Pos: comment.Pos(), Category: kindIgnore, URL: chapter(kindIgnore),
			Message: directive + " without a reason: say why the code is right, as in " + directive + " the caller owns it",
		})
		return
	}
	p := c.pass.Fset.Position(comment.Pos())
	if c.ignored[p.Filename] == nil {
		c.ignored[p.Filename] = make(map[int]bool)
	}
	c.ignored[p.Filename][p.Line] = true
	c.ignored[p.Filename][p.Line+1] = true
}

// say reports a mistake, once a place, unless a directive silences it.
func (c *checker) say(pos token.Pos, kind, format string, args ...any) {
	c.sayWith(nil, pos, kind, format, args...)
}

func (c *checker) sayWith(fixes []analysis.SuggestedFix, pos token.Pos, kind, format string, args ...any) {
	p := c.pass.Fset.Position(pos)
	if !pos.IsValid() || c.said[pos] || c.ignored[p.Filename][p.Line] || generated(p.Filename) {
		return
	}
	c.said[pos] = true
	message := fmt.Sprintf(format, args...)
	c.found = append(c.found, Finding{p, kind, message})
	c.pass.Report(analysis.Diagnostic{Pos: pos, Category: kind, URL: chapter(kind), Message: kind + ": " + message, SuggestedFixes: fixes})
}

// chapter is the heading of docs/mistakes.md that is a kind's name, as part of a URL.
func chapter(kind string) string { return "#" + strings.ToLower(strings.ReplaceAll(kind, " ", "-")) }

// generated files of cgo have positions in nobody's code.
func generated(name string) bool { return strings.HasSuffix(name, "_cgo_gotypes.go") }

// line is a place in words.
func (c *checker) line(pos token.Pos) string {
	return fmt.Sprintf("line %d", c.pass.Fset.Position(pos).Line)
}
