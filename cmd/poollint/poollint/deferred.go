package poollint

import (
	"go/ast"
	"go/token"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

// deferred looks for returns of memory that a defer puts.
func (c *checker) deferred(fn *ssa.Function, instr ssa.Instruction, o op) {
	dead := origin(o.value)
	if load, ok := dead.(*ssa.UnOp); ok && load.Op == token.MUL {
		return
	}
	for _, ret := range returns(fn) {
		if !instr.Block().Dominates(ret.Block()) {
			continue
		}
		for _, v := range ret.Results {
			for _, w := range returned(ret, v) {
				if refers(w.Type()) && slices.Contains(roots(w), dead) {
					c.sayWith(c.cloning(ret), ret.Pos(), kindDefer, "the defer at %s puts this memory as the function returns: "+
						"the caller and the pool's next user share it. Return a copy (bytes.Clone), or let the caller put it",
						c.line(instr.Pos()))
				}
			}
		}
	}
}

// returned has the values that a result may be. In a function with defers,
// which can change results, a result is a variable: its values are those that
// the return statement stored, or else anybody did.
func returned(ret *ssa.Return, v ssa.Value) []ssa.Value {
	load, ok := v.(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return []ssa.Value{v}
	}
	a, ok := load.X.(*ssa.Alloc)
	if !ok {
		return []ssa.Value{v}
	}
	var all, here []ssa.Value
	for _, s := range assigned(a) {
		if s.Block() == ret.Block() {
			here = append(here, s.Val)
		} else if s.Parent() == ret.Parent() {
			all = append(all, s.Val)
		}
	}
	if len(here) > 0 {
		return here
	}
	return all
}

// cloning offers bytes.Clone around a returned b.Bytes().
func (c *checker) cloning(ret *ssa.Return) []analysis.SuggestedFix {
	stmt := c.enclosing(ret.Pos())
	r, ok := stmt.(*ast.ReturnStmt)
	if !ok || !c.imports(ret.Pos(), "bytes") {
		return nil
	}
	for _, e := range r.Results {
		call, ok := e.(*ast.CallExpr)
		if !ok {
			continue
		}
		if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Bytes" && len(call.Args) == 0 {
			return []analysis.SuggestedFix{{Message: "return a copy", TextEdits: []analysis.TextEdit{
				{Pos: e.Pos(), End: e.Pos(), NewText: []byte("bytes.Clone(")}, {Pos: e.End(), End: e.End(), NewText: []byte(")")},
			}}}
		}
	}
	return nil
}

func (c *checker) file(pos token.Pos) *ast.File {
	for _, f := range c.pass.Files {
		if f.FileStart <= pos && pos < f.FileEnd {
			return f
		}
	}
	return nil
}

func (c *checker) imports(pos token.Pos, path string) bool {
	f := c.file(pos)
	return f != nil && slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
		return i.Name == nil && i.Path.Value == `"`+path+`"`
	})
}

// enclosing is the smallest statement around a place.
func (c *checker) enclosing(pos token.Pos) (found ast.Stmt) {
	f := c.file(pos)
	if f == nil {
		return nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil || pos < n.Pos() || n.End() <= pos {
			return false
		}
		if s, ok := n.(ast.Stmt); ok {
			found = s
		}
		return true
	})
	return found
}
