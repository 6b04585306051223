package poollint

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

const (
	kindUse    = "use after Put"
	kindDouble = "double Put"
	kindDefer  = "returned and put"
)

// afterPut looks for uses and further Puts of the object that the i-th
// instruction of b puts.
func (c *checker) afterPut(fn *ssa.Function, b *ssa.BasicBlock, i int, o op) {
	dead := origin(o.value)
	if _, ok := dead.(*ssa.Const); ok {
		return
	}
	at, field := placeOf(o.value)
	if load, ok := dead.(*ssa.UnOp); ok && load.Op == token.MUL {
		if !field {
			return // a variable that others may change
		}
		field = !replaced(load, o.calls, at)
	}
	walk(b, i+1, []ssa.Value{dead}, func(_ *walker, s *state, instr ssa.Instruction) verdict {
		if field {
			if v, ok := instr.(ssa.Value); ok && v == at.base {
				return endPath // another struct, in the next round of a loop
			}
			if branch, ok := instr.(*ssa.If); ok && dependsOn(branch.Cond, at.base, 0) {
				return endPath // flags of the struct may exclude each other
			}
			if v := c.overwrites(instr, at); v != goOn {
				return v
			}
			if load, ok := instr.(*ssa.UnOp); ok && load.Op == token.MUL {
				if again, ok := placeOf(load); ok && again == at {
					s.names[load] = true
					return goOn
				}
			}
		}
		return c.afterwards(s, instr, o)
	})
	c.deferredToo(fn, o, dead)
}

// replaced reports whether a field has another value by the time its old one is
// put.
func replaced(load *ssa.UnOp, put ssa.Instruction, at place) bool {
	return some(load.Parent(), func(instr ssa.Instruction) bool {
		store, ok := instr.(*ssa.Store)
		if !ok || !precedes(load, store) || !precedes(store, put) {
			return false
		}
		p, ok := placeOf(store.Addr)
		return ok && p == at
	})
}

// precedes reports whether every path to b passes a.
func precedes(a, b ssa.Instruction) bool {
	if a.Block() == b.Block() {
		return before(a, b)
	}
	return a.Block().Dominates(b.Block())
}

// overwrites reports whether a field may have another value than the one put.
func (c *checker) overwrites(instr ssa.Instruction, at place) verdict {
	switch instr := instr.(type) {
	case *ssa.Store:
		if p, ok := placeOf(instr.Addr); ok && p == at || origin(instr.Addr) == at.base {
			return endPath
		}
	case ssa.CallInstruction:
		if _, builtin := instr.Common().Value.(*ssa.Builtin); builtin {
			return goOn
		}
		if o, known := c.ops[instr]; known && o.role == rolePut {
			return goOn
		}
		if _, global := at.base.(*ssa.Global); global {
			return endPath
		}
		for _, arg := range instr.Common().Args {
			if origin(arg) == at.base || parent(arg) == at.base {
				return endPath // it has the struct, and may change it
			}
		}
		if _, param := at.base.(*ssa.Parameter); !param {
			return endPath // who knows who else has it
		}
	}
	return goOn
}

// afterwards judges an instruction after the Put.
func (c *checker) afterwards(s *state, instr ssa.Instruction, put op) verdict {
	if again, ok := c.ops[instr]; ok && again.role == rolePut {
		if _, deferred := instr.(*ssa.Defer); s.same(again.value) && (!deferred || instr.Block() != nil) {
			c.say(instr.Pos(), kindDouble, "it was put %s already; a second Put lets two callers have it at once. "+
				"Put it once, where its last user ends", c.at(put))
			return endPath
		}
		return goOn
	}
	if used := use(s, instr); used.IsValid() {
		if _, ok := instr.(*ssa.Return); ok {
			c.say(used, kindUse,
				"returned, but put %s: the caller and the pool's next user share it. Return a copy, or let the caller put it", c.at(put))
		} else {
			c.say(used, kindUse,
				"the memory was put %s, and another caller may have it by now. Put it after its last use, or copy it", c.at(put))
		}
		return endPath
	}
	return goOn
}

// at is where an object was put, in words.
func (c *checker) at(o op) string {
	if o.via != "" {
		return "at " + c.line(o.calls.Pos()) + " (by " + o.via + ")"
	}
	return "at " + c.line(o.calls.Pos())
}

// use is where an instruction reads or writes the object's memory, or gives it to
// somebody; NoPos if it does not.
func use(s *state, instr ssa.Instruction) token.Pos {
	switch i := instr.(type) {
	case *ssa.Store:
		if _, local := i.Addr.(*ssa.Alloc); !local && s.is(i.Addr) {
			return i.Pos()
		}
	case *ssa.UnOp:
		if i.Op == token.MUL && s.is(i.X) && onlyStore(i.X) == nil || i.Op == token.ARROW && s.is(i.X) {
			return near(i, i.Pos())
		}
	case *ssa.Convert:
		if copies(i) && s.is(i.X) {
			return i.Pos()
		}
	case *ssa.Send:
		if s.is(i.X) {
			return i.Pos()
		}
	case *ssa.Return:
		for _, v := range i.Results {
			if pos := firstOf(s, returned(i, v), i.Pos()); pos.IsValid() {
				return pos
			}
		}
	case *ssa.Defer:
	case ssa.CallInstruction:
		return usedBy(s, i)
	}
	return token.NoPos
}

// near is a load's place, or that of its operand, since loads in an index expression
// have none.
func near(v ssa.Instruction, pos token.Pos) token.Pos {
	if pos.IsValid() {
		return pos
	}
	for _, o := range v.Operands(nil) {
		if *o != nil && (*o).Pos().IsValid() {
			return (*o).Pos()
		}
	}
	return pos
}

func firstOf(s *state, values []ssa.Value, pos token.Pos) token.Pos {
	for _, v := range values {
		if (refers(v.Type()) || isString(v.Type())) && s.is(v) || slices.ContainsFunc(variadic(v), s.is) {
			return pos
		}
	}
	return token.NoPos
}

// variadic are the values in an argument that stands for the rest of them.
func variadic(arg ssa.Value) (all []ssa.Value) {
	cut, ok := arg.(*ssa.Slice)
	if !ok {
		return nil
	}
	array, ok := cut.X.(*ssa.Alloc)
	if !ok || array.Comment != "varargs" {
		return nil
	}
	for _, r := range *array.Referrers() {
		element, ok := r.(*ssa.IndexAddr)
		if !ok {
			continue
		}
		for _, r := range *element.Referrers() {
			if store, ok := r.(*ssa.Store); ok && store.Addr == ssa.Value(element) && refers(stripped(store.Val).Type()) {
				all = append(all, store.Val)
			}
		}
	}
	return all
}

// isString reports whether a value is a string, which unsafe.String may have
// made of a pool's memory.
func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.String
}

func usedBy(s *state, call ssa.CallInstruction) token.Pos {
	common := call.Common()
	if b, ok := common.Value.(*ssa.Builtin); ok {
		switch b.Name() {
		case "len", "cap", "SliceData", "StringData", "String", "Slice", "Add", "ssa:wrapnilchk":
			return token.NoPos
		}
	}
	if common.IsInvoke() && s.is(common.Value) {
		return call.Pos()
	}
	return firstOf(s, common.Args, call.Pos())
}

// deferredToo looks for a deferred Put of an object that is put directly too.
func (c *checker) deferredToo(fn *ssa.Function, o op, dead ssa.Value) {
	for instr, d := range c.ops {
		deferred, ok := instr.(*ssa.Defer)
		if !ok || d.role != rolePut || deferred.Parent() != fn || origin(d.value) != dead {
			continue
		}
		if _, loaded := dead.(*ssa.UnOp); loaded {
			continue
		}
		if precedes(deferred, o.calls) {
			c.say(o.calls.Pos(), kindDouble, "the defer at %s puts it again when the function returns. Remove one of them",
				c.line(deferred.Pos()))
		}
	}
}

// before reports the order of two instructions of a block.
func before(a, b ssa.Instruction) bool {
	for _, instr := range a.Block().Instrs {
		if instr == a {
			return true
		}
		if instr == b {
			return false
		}
	}
	return false
}
