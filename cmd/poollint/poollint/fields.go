package poollint

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

const (
	kindCloseTwice = "Close that puts twice"
	kindTwoOwners  = "two owners"
)

// fields checks objects that structs keep of a pool.
func (c *checker) fields() {
	put := make(map[*types.Var]token.Pos) // fields, and where they are put
	for instr, o := range c.ops {
		if o.role != rolePut {
			continue
		}
		if f := fieldPut(o.value); f != nil {
			put[f] = instr.Pos()
			c.closes(instr, o, f)
		}
	}
	for _, fn := range c.funcs {
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs {
				c.owners(fn, instr, put)
			}
		}
	}
}

// fieldPut is the field that a Put's argument was loaded from.
func fieldPut(v ssa.Value) *types.Var {
	load, ok := origin(v).(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return nil
	}
	f, ok := load.X.(*ssa.FieldAddr)
	if !ok {
		return nil
	}
	return fieldOf(f)
}

// closes reports a Close method that puts a field and has no protection against
// a second call, which defers and error paths make.
func (c *checker) closes(instr ssa.Instruction, o op, f *types.Var) {
	fn := instr.Parent()
	if fn.Name() != "Close" || fn.Signature.Recv() == nil || len(fn.Params) != 1 {
		return
	}
	at, ok := placeOf(o.value)
	if !ok || at.base != ssa.Value(fn.Params[0]) || len(instr.Block().Preds) > 0 && guarded(instr.Block(), fn.Params[0]) {
		return
	}
	if some(fn, func(i ssa.Instruction) bool { return changes(i, at) || c.putsAll(i, at.base) }) {
		return
	}
	c.say(instr.Pos(), kindCloseTwice, "a second Close puts %s again, and two callers get it at once. "+
		"Set the field to nil when it is put, and return if it is nil", f.Name())
}

// guarded reports whether the paths to b depend on the receiver's state.
func guarded(b *ssa.BasicBlock, recv ssa.Value) bool {
	for d := b; d.Idom() != nil; d = d.Idom() {
		if branch, ok := last(d.Idom()).(*ssa.If); ok && dependsOn(branch.Cond, recv, 0) {
			return true
		}
	}
	return false
}

func dependsOn(v, recv ssa.Value, depth int) bool {
	if v == recv || depth > 8 {
		return true
	}
	if call, ok := v.(*ssa.Call); ok && !asksState(call) {
		return false
	}
	instr, ok := v.(ssa.Instruction)
	if !ok {
		return false
	}
	for _, o := range instr.Operands(nil) {
		if *o != nil && dependsOn(*o, recv, depth+1) {
			return true
		}
	}
	return false
}

// asksState reports whether a call can tell a first Close from a second: a call
// of sync/atomic.
func asksState(call *ssa.Call) bool {
	if _, builtin := call.Call.Value.(*ssa.Builtin); builtin {
		return true
	}
	fn := calledFunc(call.Common())
	return fn != nil && fn.Pkg() != nil && fn.Pkg().Path() == "sync/atomic"
}

// changes reports whether an instruction stores to a place, to a value that
// contains it, or to a flag beside it.
func changes(instr ssa.Instruction, at place) bool {
	store, ok := instr.(*ssa.Store)
	if !ok {
		return false
	}
	p, ok := placeOf(store.Addr)
	return ok && p == at || origin(store.Addr) == at.base
}

// putsAll reports whether the struct itself goes to a pool, so that nobody owns
// it afterwards.
func (c *checker) putsAll(instr ssa.Instruction, base ssa.Value) bool {
	o, ok := c.ops[instr]
	return ok && o.role == rolePut && origin(o.value) == base
}

// owners reports a value in two fields that are both put: a struct gets it,
// directly or as a function's argument, while another keeps it.
func (c *checker) owners(fn *ssa.Function, instr ssa.Instruction, put map[*types.Var]token.Pos) {
	switch i := instr.(type) {
	case *ssa.Store:
		if f, ok := i.Addr.(*ssa.FieldAddr); ok && put[fieldOf(f)].IsValid() && !ofOneStruct(i) {
			c.shares(fn, i, i.Val, fieldOf(f), put)
		}
	case *ssa.Call:
		callee := i.Common().StaticCallee()
		if callee == nil || callee.Pkg != fn.Pkg {
			return
		}
		for n, arg := range i.Common().Args {
			if f := keptIn(callee, n, put); f != nil {
				c.shares(fn, i, arg, f, put)
			}
		}
	}
}

// ofOneStruct reports whether an assignment is between fields of the same
// struct, such as the ends of a list, which may be equal and are put by the
// list's own rules.
func ofOneStruct(store *ssa.Store) bool {
	to, ok := placeOf(store.Addr)
	from, loaded := placeOf(store.Val)
	return ok && loaded && to.base == from.base
}

// keptIn is the field that is put, and that a function stores its n-th argument in.
func keptIn(callee *ssa.Function, n int, put map[*types.Var]token.Pos) (kept *types.Var) {
	if n >= len(callee.Params) || fieldlessly(callee.Params[n]) {
		return nil
	}
	some(callee, func(instr ssa.Instruction) bool {
		if store, ok := instr.(*ssa.Store); ok && origin(store.Val) == ssa.Value(callee.Params[n]) {
			if f, ok := store.Addr.(*ssa.FieldAddr); ok && put[fieldOf(f)].IsValid() {
				kept = fieldOf(f)
			}
		}
		return kept != nil
	})
	return kept
}

func fieldlessly(p *ssa.Parameter) bool { return !refers(p.Type()) }

func (c *checker) shares(fn *ssa.Function, instr ssa.Instruction, v ssa.Value, into *types.Var, put map[*types.Var]token.Pos) {
	from := fieldPut(v)
	at, ok := placeOf(v)
	if !ok || from == nil || from == into || !put[from].IsValid() {
		return
	}
	cleared := some(fn, func(i ssa.Instruction) bool { return changes(i, at) })
	if cleared {
		return
	}
	c.say(instr.Pos(), kindTwoOwners, "%s keeps the value that %s gets here, and both are put (%s, %s): a double Put. "+
		"Let one own it, and set the other to nil", from.Name(), into.Name(), c.line(put[from]), c.line(put[into]))
}
