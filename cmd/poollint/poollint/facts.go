package poollint

import (
	"fmt"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// wrapper is the fact that a function takes from a pool for its caller, or puts
// an argument.
type wrapper struct {
	Gets bool // its first result is what a pool gave
	Puts int  // 1 + the index of the argument that it puts, the receiver being the first; 0 is none
	Kind int
}

func (*wrapper) AFact()           {}
func (w *wrapper) String() string { return fmt.Sprintf("pool(gets %v, puts %d)", w.Gets, w.Puts) }

// summarize finds the package's own functions around pools, and those around them,
// and then all calls that take or put.
func (c *checker) summarize() {
	for range 5 { // functions around functions around functions
		again := false
		for _, fn := range c.funcs {
			c.operations(fn)
		}
		for _, fn := range c.funcs {
			if c.wrappers[fn] == nil {
				again = c.wraps(fn) || again
			}
		}
		if !again {
			break
		}
	}
	for _, fn := range c.funcs {
		c.operations(fn)
		w := c.wrappers[fn]
		if obj, ok := fn.Object().(*types.Func); ok && w != nil && obj.Exported() {
			c.pass.ExportObjectFact(obj, w)
		}
	}
}

func (c *checker) operations(fn *ssa.Function) {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			if call, ok := instr.(ssa.CallInstruction); ok {
				if _, known := c.ops[instr]; known {
					continue
				}
				if o, ok := c.operation(call); ok {
					c.ops[instr] = o
				}
			}
		}
	}
}

func (c *checker) operation(call ssa.CallInstruction) (op, bool) {
	if _, ok := call.(*ssa.Go); ok {
		return op{}, false
	}
	if o, ok := c.direct(call); ok {
		return o, true
	}
	if o, ok := c.literal(call); ok {
		return o, true
	}
	w, name := c.wrapperOf(call)
	if w == nil {
		return op{}, false
	}
	o := op{kind: kind(w.Kind), via: name, calls: call}
	if w.Gets {
		o.role, o.value = roleGet, first(call.Value())
		return o, o.value != nil
	}
	if args := call.Common().Args; w.Puts > 0 && len(args) >= w.Puts {
		o.role, o.value = rolePut, args[w.Puts-1]
		return o, true
	}
	return op{}, false
}

// literal is a call of a function literal that puts a variable of the function it is
// in, as defer func() { p.Put(b) }() does.
func (c *checker) literal(call ssa.CallInstruction) (op, bool) {
	m, ok := call.Common().Value.(*ssa.MakeClosure)
	if !ok {
		return op{}, false
	}
	fn := m.Fn.(*ssa.Function)
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			o, ok := c.ops[instr]
			if !ok || o.role != rolePut {
				continue
			}
			outer := origin(o.value)
			if parentOf(outer) != call.Parent() {
				continue
			}
			if kind, ok := c.alwaysPuts(fn, outer); ok {
				return op{role: rolePut, kind: kind, value: outer, calls: call}, true
			}
		}
	}
	return op{}, false
}

func parentOf(v ssa.Value) *ssa.Function {
	if _, ok := v.(*ssa.Const); ok {
		return nil
	}
	return v.Parent()
}

// wrapperOf returns the fact about the function that a call calls.
func (c *checker) wrapperOf(call ssa.CallInstruction) (*wrapper, string) {
	common := call.Common()
	callee := common.StaticCallee()
	if callee == nil {
		callee = onlyFunction(common.Value)
	}
	if callee == nil {
		return nil, ""
	}
	if callee.Origin() != nil {
		callee = callee.Origin()
	}
	if w := c.wrappers[callee]; w != nil {
		return w, callee.Name()
	}
	obj, ok := callee.Object().(*types.Func)
	var w wrapper
	if ok && obj.Pkg() != c.pass.Pkg && c.pass.ImportObjectFact(obj.Origin(), &w) {
		return &w, callee.Name()
	}
	return nil, ""
}

// onlyFunction is the function in a local variable that is assigned once.
func onlyFunction(v ssa.Value) *ssa.Function {
	switch v := origin(v).(type) {
	case *ssa.Function:
		return v
	case *ssa.MakeClosure:
		fn, _ := v.Fn.(*ssa.Function)
		return fn
	}
	return nil
}

// wraps finds out whether a function is a wrapper.
func (c *checker) wraps(fn *ssa.Function) bool {
	w := c.getsFor(fn)
	if w == nil {
		w = c.putsFor(fn)
	}
	c.wrappers[fn] = w
	return w != nil
}

// getsFor reports whether every result that is not new comes from a pool, and
// at least one does.
func (c *checker) getsFor(fn *ssa.Function) *wrapper {
	var w *wrapper
	if some(fn, func(i ssa.Instruction) bool { o, ok := c.ops[i]; return ok && o.role == rolePut }) {
		return nil
	}
	for _, ret := range returns(fn) {
		if len(ret.Results) == 0 {
			return nil
		}
		for _, result := range returned(ret, ret.Results[0]) {
			for _, v := range ends(result) {
				o, ok := c.taken(v)
				switch {
				case ok:
					w = &wrapper{Gets: true, Kind: int(o.kind)}
				case !made(v):
					return nil
				}
			}
		}
	}
	return w
}

// ends are the values that v may be another name of.
func ends(v ssa.Value) []ssa.Value {
	var all []ssa.Value
	seen := make(map[ssa.Value]bool)
	var visit func(v ssa.Value)
	visit = func(v ssa.Value) {
		if v = origin(v); seen[v] {
			return
		}
		seen[v] = true
		if phi, ok := v.(*ssa.Phi); ok {
			for _, e := range phi.Edges {
				visit(e)
			}
			return
		}
		all = append(all, v)
	}
	visit(v)
	return all
}

// taken reports whether a value is what a Get returned.
func (c *checker) taken(v ssa.Value) (op, bool) {
	if e, ok := v.(*ssa.Extract); ok && e.Index == 0 {
		v = e.Tuple
	}
	call, ok := v.(*ssa.Call)
	if !ok {
		return op{}, false
	}
	o, ok := c.ops[call]
	return o, ok && o.role == roleGet
}

// made reports whether a value is new, or nil.
func made(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.Alloc, *ssa.MakeSlice, *ssa.Const, *ssa.MakeMap:
		return true
	case *ssa.Extract:
		_, ok := v.Tuple.(*ssa.Call)
		return ok
	case *ssa.Call: // a constructor
		fn := v.Common().StaticCallee()
		return fn != nil && fn.Signature.Recv() == nil
	}
	return false
}

// putsFor finds a parameter that is put on every path but those on which it is
// dropped because of what it has grown to, or because it is nil.
func (c *checker) putsFor(fn *ssa.Function) *wrapper {
	for i, p := range fn.Params {
		if !refers(p.Type()) {
			continue
		}
		if kind, ok := c.alwaysPuts(fn, p); ok {
			return &wrapper{Puts: i + 1, Kind: int(kind)}
		}
	}
	return nil
}

// refers reports whether values of a type can share memory.
func refers(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Interface, *types.Map, *types.Chan:
		return true
	}
	return false
}

// alwaysPuts reports whether every path through a function, or a literal with p among
// its variables, puts p.
func (c *checker) alwaysPuts(fn *ssa.Function, p ssa.Value) (kind, bool) {
	var k kind
	puts := func(instr ssa.Instruction) bool {
		o, ok := c.ops[instr]
		if ok && o.role == rolePut && origin(o.value) == p {
			k = o.kind
			return true
		}
		return false
	}
	if !some(fn, puts) {
		return k, false
	}
	seen := make(map[*ssa.BasicBlock]bool)
	var visit func(b *ssa.BasicBlock) bool
	visit = func(b *ssa.BasicBlock) bool {
		if seen[b] {
			return true
		}
		seen[b] = true
		for _, instr := range b.Instrs {
			if puts(instr) {
				return true
			}
			if _, ok := instr.(*ssa.Return); ok {
				return false
			}
		}
		dropping := len(b.Succs) == 2 && weighs(b, p)
		if dropping {
			return visit(b.Succs[0]) || visit(b.Succs[1])
		}
		for _, s := range b.Succs {
			if !visit(s) {
				return false
			}
		}
		return true
	}
	return k, len(fn.Blocks) > 0 && visit(fn.Blocks[0])
}

func some(fn *ssa.Function, is func(ssa.Instruction) bool) bool {
	for _, b := range fn.Blocks {
		if slices.ContainsFunc(b.Instrs, is) {
			return true
		}
	}
	return false
}

func returns(fn *ssa.Function) (all []*ssa.Return) {
	for _, b := range fn.Blocks {
		if ret, ok := last(b).(*ssa.Return); ok {
			all = append(all, ret)
		}
	}
	return all
}

func last(b *ssa.BasicBlock) ssa.Instruction {
	if len(b.Instrs) == 0 {
		return nil
	}
	return b.Instrs[len(b.Instrs)-1]
}

// weighs reports whether a branch looks at how large v is or whether it is nil, on
// which a value may be dropped on purpose. A range over v does neither.
func weighs(b *ssa.BasicBlock, v ssa.Value) bool {
	branch, ok := last(b).(*ssa.If)
	return ok && !strings.HasPrefix(b.Comment, "range") && measures(branch.Cond, v, 0)
}

func measures(cond, v ssa.Value, depth int) bool {
	if depth > 6 {
		return false
	}
	switch e := cond.(type) {
	case *ssa.BinOp:
		return measures(e.X, v, depth+1) || measures(e.Y, v, depth+1)
	case *ssa.UnOp:
		if e.Op.String() != "*" {
			return measures(e.X, v, depth+1)
		}
	case *ssa.Convert:
		return measures(e.X, v, depth+1)
	case *ssa.Phi:
		return slices.ContainsFunc(e.Edges, func(edge ssa.Value) bool { return measures(edge, v, depth+1) })
	case *ssa.Call:
		return measuring(e, v)
	case *ssa.Extract:
		if t, ok := e.Tuple.(*ssa.TypeAssert); ok {
			return within(t.X, v)
		}
	}
	return within(cond, v)
}

// measuring reports whether a call asks for v's size: len, cap, or a method
// without arguments of v or a part of it.
func measuring(call *ssa.Call, v ssa.Value) bool {
	common := call.Common()
	if common.IsInvoke() {
		return len(common.Args) == 0 && within(common.Value, v)
	}
	if b, ok := common.Value.(*ssa.Builtin); ok {
		return (b.Name() == "len" || b.Name() == "cap") && within(common.Args[0], v)
	}
	return len(common.Args) == 1 && within(common.Args[0], v)
}

// within reports whether v's memory is w's, or a field of w refers to it.
func within(v, w ssa.Value) bool {
	for range 64 {
		if v == w {
			return true
		}
		next := parent(v)
		if load, ok := v.(*ssa.UnOp); ok && next == nil && load.Op.String() == "*" {
			next = load.X
		}
		if next == nil {
			return false
		}
		v = next
	}
	return false
}
