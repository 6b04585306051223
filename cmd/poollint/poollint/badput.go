package poollint

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

const (
	kindBoxed = "Put of a non-pointer"
	kindMoved = "Put of what append may have moved"
	kindPart  = "Put of a part"
	kindGrown = "Put without a cap"
)

// badPut checks the value put, whatever else the function does.
func (c *checker) badPut(instr ssa.Instruction, o op) {
	if o.via != "" {
		return
	}
	switch {
	case o.kind == kindSync:
		c.boxed(instr, o)
		c.grown(instr, o)
	case o.kind == kindSized:
		c.moved(instr, o)
	}
}

// boxed reports values for which an interface allocates.
func (c *checker) boxed(instr ssa.Instruction, o op) {
	m, ok := o.value.(*ssa.MakeInterface)
	if !ok {
		return
	}
	switch t := m.X.Type().Underlying().(type) {
	case *types.Slice, *types.Basic, *types.Array:
		if b, ok := t.(*types.Basic); ok && b.Kind() == types.UnsafePointer {
			return
		}
	case *types.Struct:
		if t.NumFields() == 0 {
			return
		}
	default:
		return
	}
	c.say(instr.Pos(), kindBoxed, "%s does not fit an interface, so each Put allocates. Put a pointer to it, "+
		"or use a pool of slices such as strategies.SizeClasses", types.TypeString(m.X.Type(), types.RelativeTo(c.pass.Pkg)))
}

// moved reports buffers that a pool would not recognize by their capacity.
func (c *checker) moved(instr ssa.Instruction, o op) {
	v := o.value
	for range 64 {
		switch e := v.(type) {
		case *ssa.Slice:
			if low, ok := e.Low.(*ssa.Const); ok && low.Value != nil && low.Int64() > 0 {
				c.say(instr.Pos(), kindPart, "this is a suffix, whose capacity is not the buffer's. Put the slice that Get returned")
				return
			}
			if e.Max != nil {
				c.say(instr.Pos(), kindPart, "the capacity was cut, and the pool recognizes buffers by it. Put the slice that Get returned")
				return
			}
		case *ssa.Call:
			if b, ok := e.Call.Value.(*ssa.Builtin); ok && b.Name() == "append" && (c.opts.suspicious || c.full(e.Call.Args[0])) {
				c.say(instr.Pos(), kindMoved,
					"append may have moved it (%s); then Get's buffer is lost, and the pool does not know this one. "+
						"Put the slice that Get returned, or use strategies.Buffer, which grows through the pool", c.line(e.Pos()))
			}
			return
		case *ssa.Phi: // a loop that appends
			for _, edge := range e.Edges {
				if call, ok := edge.(*ssa.Call); ok && keeper(call) != nil {
					v = edge
				}
			}
			if v == ssa.Value(e) {
				return
			}
			continue
		}
		if v = alias(v); v == nil {
			return
		}
	}
}

// full reports whether a buffer is as Get gave it, so that append exceeds its
// length.
func (c *checker) full(v ssa.Value) bool {
	for range 16 {
		if _, ok := c.taken(v); ok {
			return true
		}
		if phi, ok := v.(*ssa.Phi); ok {
			return c.full(phi.Edges[0])
		}
		if _, sliced := v.(*ssa.Slice); sliced {
			return false
		}
		if v = alias(v); v == nil {
			return false
		}
	}
	return false
}

// grown reports buffers that are put whatever their size. It is certain if the
// function fills them from a reader without a bound.
func (c *checker) grown(instr ssa.Instruction, o op) {
	v := origin(o.value)
	if !isNamed(v.Type(), "bytes", "Buffer") && !isNamed(stripped(o.value).Type(), "bytes", "Buffer") {
		return
	}
	filled, weighed := token.NoPos, false
	for _, f := range withLiterals(instr.Parent()) {
		some(f, func(i ssa.Instruction) bool {
			if pos := fills(i, v); pos.IsValid() {
				filled = pos
			}
			weighed = weighed || weighs(i.Block(), v) && !nilCheck(i.Block())
			return false
		})
	}
	if weighed || !filled.IsValid() && !c.opts.suspicious {
		return
	}
	why := ""
	if filled.IsValid() {
		why = ", which " + c.line(filled) + " decides"
	}
	c.say(instr.Pos(), kindGrown, "it goes back however large it has become%s, and a few large ones stay for good (go.dev/issue/23199). "+
		"Drop it if Cap() is unusually large", why)
}

func nilCheck(b *ssa.BasicBlock) bool {
	branch, ok := last(b).(*ssa.If)
	if !ok {
		return false
	}
	cmp, ok := branch.Cond.(*ssa.BinOp)
	return ok && (isNilConst(cmp.X) || isNilConst(cmp.Y))
}

func isNilConst(v ssa.Value) bool {
	c, ok := v.(*ssa.Const)
	return ok && c.IsNil()
}

func withLiterals(fn *ssa.Function) []*ssa.Function {
	all := []*ssa.Function{fn}
	for _, anon := range fn.AnonFuncs {
		all = append(all, withLiterals(anon)...)
	}
	return all
}

// fills is the place where a buffer is read into from an unbounded reader.
func fills(instr ssa.Instruction, v ssa.Value) token.Pos {
	call, ok := instr.(*ssa.Call)
	if !ok {
		return token.NoPos
	}
	fn := calledFunc(call.Common())
	args := call.Common().Args
	if fn == nil || fn.Pkg() == nil || call.Common().IsInvoke() || len(args) < 2 || origin(args[0]) != v || limited(args[1]) {
		return token.NoPos
	}
	switch fn.FullName() {
	case "(*bytes.Buffer).ReadFrom", "io.Copy":
		return call.Pos()
	}
	return token.NoPos
}

// limited reports whether a reader is bounded.
func limited(r ssa.Value) bool {
	r = origin(r)
	if call, ok := r.(*ssa.Call); ok {
		fn := calledFunc(call.Common())
		return fn != nil && (fn.FullName() == "io.LimitReader" || fn.FullName() == "net/http.MaxBytesReader")
	}
	return isNamed(r.Type(), "io", "LimitedReader") || isNamed(r.Type(), "bytes", "Reader") || isNamed(r.Type(), "bytes", "Buffer") ||
		isNamed(r.Type(), "strings", "Reader")
}
