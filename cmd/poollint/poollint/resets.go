package poollint

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"
)

const kindDirty = "Put without Reset"

// resets compares a package's Puts of a type that can be reset with its Gets: if a
// Put does not reset, and a Get from the same pool does not either, the second user
// finds what the first one left.
func (c *checker) resets() {
	for put, o := range c.ops {
		if o.role != rolePut || o.kind == kindSized || o.via != "" || c.cleans(put.Parent(), o.value) {
			continue
		}
		if !hasReset(stripped(o.value).Type()) || c.configured(o.pool) {
			continue
		}
		for get, g := range c.ops {
			if g.role == roleGet && g.via == "" && poolName(g.pool) != nil && poolName(g.pool) == poolName(o.pool) &&
				c.assumesClean(get, g) {
				c.sayWith(
					c.resetting(put),
					put.Pos(),
					kindDirty,
					"it goes back as its user left it, and the Get at %s uses it as it is. "+
						"Reset it before the Put",
					c.line(get.Pos()),
				)
			}
		}
	}
}

func hasReset(t types.Type) bool {
	p, ok := t.Underlying().(*types.Pointer)
	if !ok {
		return false
	}
	obj, _, _ := types.LookupFieldOrMethod(p, true, nil, "Reset")
	fn, ok := obj.(*types.Func)
	return ok && fn.Signature().Params().Len() == 0
}

// configured pools reset by themselves, or may: ours have Reset in their config.
func (c *checker) configured(pool ssa.Value) bool {
	return pool == nil || !isNamed(pool.Type(), "sync", "Pool") && !isNamed(pool.Type(), ours+"/otelpool", "SyncPool")
}

// poolName is the variable or field that a pool is, so that its Gets and Puts are
// found; nil if it is neither.
func poolName(pool ssa.Value) any {
	if load, ok := pool.(*ssa.UnOp); ok && load.Op == token.MUL {
		pool = load.X
	}
	switch p := pool.(type) {
	case *ssa.Global:
		return p
	case *ssa.FieldAddr:
		return fieldOf(p)
	}
	return nil
}

// cleans reports whether a function does anything to v that may be a reset: calls a
// method of that name or an own function with it, or assigns to all of it.
func (c *checker) cleans(fn *ssa.Function, v ssa.Value) bool {
	v = origin(v)
	for _, f := range withLiterals(outermost(fn)) {
		if some(f, func(instr ssa.Instruction) bool { return cleansHere(instr, v) }) {
			return true
		}
	}
	return false
}

func outermost(fn *ssa.Function) *ssa.Function {
	for fn.Parent() != nil {
		fn = fn.Parent()
	}
	return fn
}

func cleansHere(instr ssa.Instruction, v ssa.Value) bool {
	switch i := instr.(type) {
	case *ssa.Store:
		return origin(i.Addr) == v
	case ssa.CallInstruction:
		common := i.Common()
		if common.IsInvoke() {
			return origin(common.Value) == v && (common.Method.Name() == "Reset" || common.Method.Name() == "Close")
		}
		fn := calledFunc(common)
		if fn == nil || len(common.Args) == 0 || origin(common.Args[0]) != v {
			return false
		}
		switch fn.Name() {
		case "Reset", "Truncate", "reset", "Init", "init", "Clear", "clear", "Free", "free", "Close":
			return true
		}
	}
	return false
}

// assumesClean reports whether the function uses a Get's result by its methods
// or as an interface, and neither resets it nor hands it on.
func (c *checker) assumesClean(get ssa.Instruction, g op) bool {
	v := origin(whole(g.value))
	if c.cleans(get.Parent(), v) || c.escapes(get.Parent(), v) {
		return false
	}
	return some(get.Parent(), func(instr ssa.Instruction) bool {
		call, ok := instr.(*ssa.Call)
		if _, known := c.ops[instr]; !ok || known {
			return false
		}
		common := call.Common()
		if common.IsInvoke() {
			return origin(common.Value) == v
		}
		for i, arg := range common.Args {
			_, face := arg.(*ssa.MakeInterface)
			if origin(arg) == v && (face || i == 0 && common.Signature().Recv() != nil && c.knownNotToReset(common)) {
				return true
			}
		}
		return false
	})
}

// knownNotToReset reports whether a method does not begin with a reset of its
// own, as decoders' methods often do. It is unknown for methods of other
// modules.
func (c *checker) knownNotToReset(common *ssa.CallCommon) bool {
	callee := common.StaticCallee()
	if callee == nil || callee.Pkg == nil {
		return false
	}
	if len(callee.Blocks) > 0 {
		return !c.cleans(callee, callee.Params[0])
	}
	first, _, _ := strings.Cut(callee.Pkg.Pkg.Path(), "/")
	return !strings.Contains(first, ".") || c.opts.suspicious // the standard library's do not
}

// resetting offers x.Reset() before the Put of a variable x.
func (c *checker) resetting(put ssa.Instruction) []analysis.SuggestedFix {
	stmt, ok := c.enclosing(put.Pos()).(*ast.ExprStmt)
	if !ok {
		return nil
	}
	call, ok := stmt.X.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 {
		return nil
	}
	name, ok := call.Args[0].(*ast.Ident)
	if !ok {
		return nil
	}
	return []analysis.SuggestedFix{{Message: "reset it first", TextEdits: []analysis.TextEdit{
		{Pos: stmt.Pos(), End: stmt.Pos(), NewText: []byte(name.Name + ".Reset()\n" + c.indent(stmt.Pos()))},
	}}}
}

func (c *checker) indent(pos token.Pos) string {
	tabs := make([]byte, c.pass.Fset.Position(pos).Column-1)
	for i := range tabs {
		tabs[i] = '\t'
	}
	return string(tabs)
}
