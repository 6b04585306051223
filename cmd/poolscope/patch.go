package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// edit is text to insert into a file at an offset.
type edit struct {
	at   int
	text string
}

// patcher finds places in a file by its syntax.
type patcher struct {
	file    *ast.File
	fset    *token.FileSet
	source  string
	edits   []edit
	missing []string
}

// patchPool returns package sync's pool.go with counters.
func patchPool(source []byte, version string) (string, error) {
	return patch(source, "sync.Pool of "+version, func(p *patcher) {
		p.field("Pool", "scope *PoolScope")
		p.field("poolLocalInternal", "scopeCounts")
		p.imports("internal/runtime/sys")
		p.begin("Put", "if race.Enabled && x != nil { scopeGive(x, sys.GetCallerPC()) }")
		p.after("Put", "l, _ := p.pin()", "l.puts++")
		p.before("Put", "return", "p.scopePut()", func(text string) bool { return strings.HasPrefix(text, "if runtime_randn") })
		p.after("Get", "race.Acquire(poolRaceAddr(x))", "scopeTake(x)")
		p.after("Get", "l, pid := p.pin()", "l.gets++")
		p.after("Get", "x = p.getSlow(pid)", "if x == nil { l.misses++ }")
		p.after("pinSlow", "defer allPoolsMu.Unlock()", "if p.scope == nil { p.scope = scopeOf(p) }")
		p.after("pinSlow", "local := make([]poolLocal, size)", "local[0].before, local[0].beforeSize = p.local, p.localSize")
		p.begin("poolCleanup", "scopeCleanup()")
	})
}

// patchSignal returns package os/signal's signal.go, which notes the number of waiters when a
// signal comes: they may have stopped by the time the report asks.
func patchSignal(source []byte, version string) (string, error) {
	return patch(source, "os/signal of "+version, func(p *patcher) {
		p.after("process", "defer handlers.Unlock()", "scopeWaited[n] = handlers.ref[n]")
	})
}

// patch edits a file. It fails if it does not find every place exactly once, because the Go
// version's package has another shape.
func patch(source []byte, of string, edits func(*patcher)) (string, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.ParseComments)
	if err != nil {
		return "", err
	}
	p := &patcher{file: file, fset: fset, source: string(source)}
	edits(p)
	if len(p.missing) > 0 {
		return "", fmt.Errorf("%s is unlike those of the Go versions that poolscope knows: %s", of, strings.Join(p.missing, "; "))
	}
	return p.apply(), nil
}

func (p *patcher) offset(pos token.Pos) int { return p.fset.Position(pos).Offset }

func (p *patcher) text(n ast.Node) string { return p.source[p.offset(n.Pos()):p.offset(n.End())] }

// add adds an edit at the only place found.
func (p *patcher) add(what, text string, at ...int) {
	if len(at) != 1 {
		p.missing = append(p.missing, fmt.Sprintf("%d of %s", len(at), what))
		return
	}
	p.edits = append(p.edits, edit{at[0], text})
}

func (p *patcher) imports(path string) {
	var at []int
	for _, d := range p.file.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT && g.Lparen.IsValid() {
			at = append(at, p.offset(g.Lparen)+1)
		}
	}
	p.add("list of imports", strconv.Quote(path)+";", at...)
}

// field adds a field at the end of a struct.
func (p *patcher) field(name, field string) {
	var at []int
	ast.Inspect(p.file, func(n ast.Node) bool {
		if t, ok := n.(*ast.TypeSpec); ok && t.Name.Name == name {
			if s, ok := t.Type.(*ast.StructType); ok {
				at = append(at, p.offset(s.Fields.Closing))
			}
		}
		return true
	})
	p.add("struct "+name, "\n\t"+field+"\n", at...)
}

func (p *patcher) function(name string) *ast.BlockStmt {
	for _, d := range p.file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name && f.Body != nil {
			return f.Body
		}
	}
	return &ast.BlockStmt{}
}

// after adds a statement after one of a function's.
func (p *patcher) after(function, statement, text string) {
	var at []int
	ast.Inspect(p.function(function), func(n ast.Node) bool {
		if s, ok := n.(ast.Stmt); ok && p.text(s) == statement {
			at = append(at, p.offset(s.End()))
		}
		return true
	})
	p.add("“"+statement+"” in "+function, "; "+text, at...)
}

// before adds a statement before one within an if statement.
func (p *patcher) before(function, statement, text string, within func(string) bool) {
	var at []int
	ast.Inspect(p.function(function), func(n ast.Node) bool {
		if i, ok := n.(*ast.IfStmt); ok && within(p.text(i)) {
			for _, s := range i.Body.List {
				if p.text(s) == statement {
					at = append(at, p.offset(s.Pos()))
				}
			}
		}
		return true
	})
	p.add("“"+statement+"” in "+function, text+"; ", at...)
}

func (p *patcher) begin(function, text string) {
	var at []int
	if b := p.function(function); b.Lbrace.IsValid() {
		at = append(at, p.offset(b.Lbrace)+1)
	}
	p.add("function "+function, " "+text+";", at...)
}

// apply returns the source with all edits, which keep its line numbers except after a changed
// struct.
func (p *patcher) apply() string {
	slices.SortFunc(p.edits, func(a, b edit) int { return a.at - b.at })
	var b strings.Builder
	done := 0
	for _, e := range p.edits {
		b.WriteString(p.source[done:e.at])
		b.WriteString(e.text)
		done = e.at
	}
	b.WriteString(p.source[done:])
	return b.String()
}
