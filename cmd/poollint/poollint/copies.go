package poollint

import (
	"go/ast"
	"go/types"
)

const kindCopied = "pool copied"

// copies looks for pools that are assigned, passed or returned by value: each copy has
// objects of its own, and of a sync.Pool even the same ones.
func (c *checker) copies() {
	for _, f := range c.pass.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				if len(n.Lhs) == len(n.Rhs) {
					for i, e := range n.Rhs {
						if id, ok := n.Lhs[i].(*ast.Ident); !ok || id.Name != "_" {
							c.copied(e)
						}
					}
				}
			case *ast.ValueSpec:
				c.copied(n.Values...)
			case *ast.ReturnStmt:
				c.copied(n.Results...)
			case *ast.CallExpr:
				if !c.sizes(n) {
					c.copied(n.Args...)
				}
			case *ast.FuncDecl:
				c.receives(n)
			case *ast.RangeStmt:
				if n.Value != nil {
					c.copied(n.Value)
				}
			}
			return true
		})
	}
}

// sizes reports whether a call is len, cap, new or unsafe.Sizeof, which copy
// nothing.
func (c *checker) sizes(call *ast.CallExpr) bool {
	tv := c.pass.TypesInfo.Types[call.Fun]
	return tv.IsBuiltin() || tv.IsType()
}

func (c *checker) copied(exprs ...ast.Expr) {
	for _, e := range exprs {
		switch ast.Unparen(e).(type) {
		case *ast.CompositeLit, *ast.CallExpr: // new, or reported where it was returned
			continue
		}
		tv := c.pass.TypesInfo.Types[e]
		t := tv.Type
		if id, ok := e.(*ast.Ident); ok && t == nil { // a range's variable
			if obj := c.pass.TypesInfo.Defs[id]; obj != nil {
				t = obj.Type()
			}
		}
		if t == nil || tv.IsType() {
			continue
		}
		if name := c.hasPool(t, 0); name != "" {
			c.say(e.Pos(), kindCopied, "this copies a %s, and objects put into one copy are not in the other. Use a pointer to it", name)
		}
	}
}

func (c *checker) receives(fn *ast.FuncDecl) {
	for _, list := range []*ast.FieldList{fn.Recv, fn.Type.Params} {
		if list == nil {
			continue
		}
		for _, f := range list.List {
			if name := c.hasPool(c.pass.TypesInfo.TypeOf(f.Type), 0); name != "" {
				c.say(
					f.Type.Pos(),
					kindCopied,
					"each call copies a %s, and objects put into one copy are not in the other. Take a pointer to it",
					name,
				)
			}
		}
	}
}

// hasPool is the name of the pool type that a type is or contains, or "".
func (c *checker) hasPool(t types.Type, depth int) string {
	if t == nil || depth > 5 {
		return ""
	}
	t = types.Unalias(t)
	if n, ok := t.(*types.Named); ok && n.Obj().Pkg() != nil {
		path := unvendored(n.Obj().Pkg().Path())
		for _, list := range [...][]poolType{known, c.opts.pools} {
			for _, p := range list {
				if p.path == path && p.name == n.Obj().Name() && !types.IsInterface(n) {
					return n.Obj().Pkg().Name() + "." + n.Obj().Name()
				}
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for f := range u.Fields() {
			if name := c.hasPool(f.Type(), depth+1); name != "" {
				return name
			}
		}
	case *types.Array:
		return c.hasPool(u.Elem(), depth+1)
	}
	return ""
}
