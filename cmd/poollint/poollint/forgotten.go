package poollint

import (
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

const kindForgotten = "forgotten Put"

// forgotten looks for a return before which an object does not reach the pool,
// although it stays in the function. Code often drops objects of a sync.Pool on
// purpose after a failure, so for sync.Pools forgotten is certain only of
// buffers.
func (c *checker) forgotten(fn *ssa.Function, b *ssa.BasicBlock, i int, o op) {
	whole := whole(o.value)
	if !c.opts.suspicious && (o.kind == kindSync && !isBuffer(whole) || !c.putSomewhere(fn, whole)) {
		return
	}
	if c.escapes(fn, whole) {
		return
	}
	if e, ok := o.value.(*ssa.Extract); ok {
		i = slices.Index(b.Instrs, ssa.Instruction(e))
	}
	walk(b, i+1, []ssa.Value{origin(whole)}, func(_ *walker, s *state, instr ssa.Instruction) verdict {
		if nothing(s, o.value, whole) {
			return endPath
		}
		if p, ok := c.ops[instr]; ok && p.role == rolePut && s.is(p.value) {
			return endPath
		}
		switch instr := instr.(type) {
		case *ssa.If:
			if !nilCheck(instr.Block()) && (weighs(instr.Block(), o.value) || weighs(instr.Block(), whole)) {
				return endPath
			}
		case *ssa.Return:
			c.say(c.visible(instr, fn), kindForgotten, "on this return the object taken at %s does not go back to its pool. "+
				"Put it on this path too, best with a defer right after the Get", c.line(o.calls.Pos()))
			return endPath
		case ssa.CallInstruction:
			if usedBy(s, instr).IsValid() && !c.putsLater(instr, o) {
				return endPath // whom it is given to may put it
			}
		}
		return goOn
	})
}

// visible is a return's place, or the end of a function without one.
func (c *checker) visible(ret *ssa.Return, fn *ssa.Function) token.Pos {
	if ret.Pos().IsValid() || fn.Syntax() == nil {
		return ret.Pos()
	}
	return fn.Syntax().End() - 1
}

// whole is a Get's result in its type: the value of Get().(*T).
func whole(v ssa.Value) ssa.Value {
	if refs := v.Referrers(); refs != nil {
		for _, r := range *refs {
			if t, ok := r.(*ssa.TypeAssert); ok {
				if !t.CommaOk {
					return t
				}
				for _, e := range *t.Referrers() {
					if e, ok := e.(*ssa.Extract); ok && e.Index == 0 {
						return e
					}
				}
			}
		}
	}
	return v
}

// isBuffer reports whether a type is plain memory, which nobody drops on
// purpose.
func isBuffer(t ssa.Value) bool {
	typ := t.Type()
	if pointsToSlice(typ) {
		return true
	}
	if _, ok := typ.Underlying().(*types.Slice); ok {
		return true
	}
	return isNamed(typ, "bytes", "Buffer") || isNamed(typ, "github.com/valyala/bytebufferpool", "ByteBuffer")
}

// putSomewhere reports whether the function puts the object on another path.
func (c *checker) putSomewhere(fn *ssa.Function, v ssa.Value) bool {
	for instr, o := range c.ops {
		if instr.Parent() == fn && o.role == rolePut && within(o.value, origin(v)) {
			return true
		}
	}
	return false
}

// putsLater reports whether a Put of what a Get gave can be reached from a call. Beyond
// the Get, in the next round of a loop, it is another object that is put.
func (c *checker) putsLater(call ssa.Instruction, get op) bool {
	for instr, o := range c.ops {
		if instr.Parent() != call.Parent() || o.role != rolePut || !within(o.value, origin(get.value)) {
			continue
		}
		if instr.Block() == call.Block() && before(call, instr) || reaches(call.Block(), instr.Block(), get.calls.Block()) {
			return true
		}
	}
	return false
}

// reaches reports whether a path leads from one block to another and not through a third.
func reaches(from, to, around *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{around: true}
	var visit func(b *ssa.BasicBlock) bool
	visit = func(b *ssa.BasicBlock) bool {
		for _, s := range b.Succs {
			if seen[s] {
				continue
			}
			if seen[s] = true; s == to || visit(s) {
				return true
			}
		}
		return false
	}
	return visit(from)
}

// nothing reports whether the pool was empty on a path, as nil, an error or
// false beside the object shows.
func nothing(s *state, got, whole ssa.Value) bool {
	for _, v := range []ssa.Value{got, whole} {
		if f, ok := s.known[isNil(v)]; ok && f.holds {
			return true
		}
		e, ok := v.(*ssa.Extract)
		if !ok {
			continue
		}
		for _, r := range *e.Tuple.Referrers() {
			other, ok := r.(*ssa.Extract)
			if !ok || other == e {
				continue
			}
			if f, ok := s.known[isNil(other)]; ok && !f.holds {
				return true
			}
			if f, ok := s.known[other.Name()]; ok && !f.holds {
				return true
			}
		}
	}
	return false
}

// escapes reports whether an object may be somebody else's to put: it, or what refers to
// it, is stored, sent, returned, captured or given to another goroutine.
func (c *checker) escapes(fn *ssa.Function, v ssa.Value) bool {
	s := &state{names: map[ssa.Value]bool{origin(v): true}}
	grow(fn, s)
	return some(fn, func(instr ssa.Instruction) bool {
		switch i := instr.(type) {
		case *ssa.Store:
			return refers(i.Val.Type()) && s.is(i.Val) && !s.is(i.Addr) && !isLocal(i.Addr)
		case *ssa.MapUpdate:
			return s.is(i.Value) || s.is(i.Key)
		case *ssa.Send:
			return s.is(i.X)
		case *ssa.Return:
			return firstOf(s, i.Results, 1).IsValid()
		case *ssa.MakeClosure:
			return c.captures(s, i)
		case *ssa.Go:
			return usedBy(s, i).IsValid()
		case *ssa.Defer:
			o, ok := c.ops[instr]
			return usedBy(s, i).IsValid() && (!ok || o.role != rolePut)
		case *ssa.Call:
			return wrapped(s, i)
		}
		return false
	})
}

// grow adds the phis that the object flows into.
func grow(fn *ssa.Function, s *state) {
	for again := true; again; {
		again = false
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs[:phis(b)] {
				phi := instr.(*ssa.Phi)
				for _, e := range phi.Edges {
					if !s.names[phi] && s.is(e) {
						s.names[phi], again = true, true
					}
				}
			}
		}
	}
}

func isLocal(addr ssa.Value) bool {
	a := variable(addr)
	if a == nil {
		return false
	}
	_, ok := stores(a)
	return ok
}

// captures reports whether a literal other than a deferred one that puts gets the object.
func (c *checker) captures(s *state, m *ssa.MakeClosure) bool {
	for _, r := range *m.Referrers() {
		if o, ok := c.ops[r]; ok && o.role == rolePut {
			return false
		}
	}
	for _, bound := range m.Bindings {
		if a := variable(bound); a != nil {
			for _, st := range assigned(a) {
				if s.is(st.Val) {
					return true
				}
			}
		}
		if s.is(bound) {
			return true
		}
	}
	return false
}

// wrapped reports whether a call's result may keep the object: it is a pointer
// or an interface, and not an error.
func wrapped(s *state, call *ssa.Call) bool {
	if !usedBy(s, call).IsValid() || keeper(call) != nil {
		return false
	}
	results := call.Common().Signature().Results()
	for result := range results.Variables() {
		t := result.Type()
		if types.Identical(t, types.Universe.Lookup("error").Type()) {
			continue
		}
		switch t.Underlying().(type) {
		case *types.Pointer, *types.Interface:
			return !encoder(call)
		}
	}
	return false
}

// encoder reports whether a call is json.NewEncoder or the like, which do not
// put their writer.
func encoder(call *ssa.Call) bool {
	fn := calledFunc(call.Common())
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Pkg().Path() {
	case "encoding/json", "encoding/xml", "encoding/gob", "encoding/base64", "compress/gzip", "bufio", "fmt", "bytes", "strings", "io":
		return true
	}
	return false
}
