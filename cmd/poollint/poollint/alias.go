package poollint

import (
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// origin is the value that v is another name of: the same pointer, or a slice of the
// same array. A variable that is stored to once, captured or not, is another name of
// what was stored.
func origin(v ssa.Value) ssa.Value {
	for range 64 {
		next := alias(v)
		if next == nil {
			return v
		}
		v = next
	}
	return v
}

// alias is one step of origin, or nil.
func alias(v ssa.Value) ssa.Value {
	switch v := v.(type) {
	case *ssa.MakeInterface:
		return v.X
	case *ssa.ChangeInterface:
		return v.X
	case *ssa.ChangeType:
		return v.X
	case *ssa.TypeAssert:
		return v.X
	case *ssa.Slice:
		return v.X
	case *ssa.Extract:
		if t, ok := v.Tuple.(*ssa.TypeAssert); ok && v.Index == 0 {
			return t.X
		}
	case *ssa.UnOp:
		if v.Op == token.MUL {
			if stored := onlyStore(v.X); stored != nil {
				return stored
			}
		}
	case *ssa.FreeVar:
		return binding(v)
	}
	return nil
}

// binding is what a function literal's variable is bound to, if it is made in one
// place.
func binding(v *ssa.FreeVar) ssa.Value {
	fn := v.Parent()
	i := slices.Index(fn.FreeVars, v)
	if fn.Parent() == nil || i < 0 {
		return nil
	}
	var bound ssa.Value
	for _, b := range fn.Parent().Blocks {
		for _, instr := range b.Instrs {
			if m, ok := instr.(*ssa.MakeClosure); ok && m.Fn == fn {
				if bound != nil {
					return nil
				}
				bound = m.Bindings[i]
			}
		}
	}
	return bound
}

// variable is the variable of an address, which may be captured.
func variable(addr ssa.Value) *ssa.Alloc {
	for {
		switch a := addr.(type) {
		case *ssa.Alloc:
			return a
		case *ssa.FreeVar:
			if addr = binding(a); addr == nil {
				return nil
			}
		default:
			return nil
		}
	}
}

// onlyStore is a variable's value, if it is assigned once and nobody else has
// its address.
func onlyStore(addr ssa.Value) ssa.Value {
	a := variable(addr)
	if a == nil {
		return nil
	}
	stored, ok := stores(a)
	if !ok || len(stored) != 1 {
		return nil
	}
	return stored[0].Val
}

// stores are a variable's assignments, in literals that capture it too; not ok if
// its address is used for anything but loads and stores.
func stores(addr ssa.Value) (all []*ssa.Store, ok bool) {
	for _, r := range *addr.Referrers() {
		switch r := r.(type) {
		case *ssa.Store:
			if r.Addr != addr {
				return nil, false
			}
			all = append(all, r)
		case *ssa.UnOp, *ssa.DebugRef:
		case *ssa.MakeClosure:
			fn := r.Fn.(*ssa.Function)
			for i, bound := range r.Bindings {
				if bound != addr {
					continue
				}
				inner, ok := stores(fn.FreeVars[i])
				if !ok {
					return nil, false
				}
				all = append(all, inner...)
			}
		default:
			return nil, false
		}
	}
	return all, true
}

// parent is the value whose memory v is, or is the address of a part of; nil if v's
// memory is its own.
func parent(v ssa.Value) ssa.Value {
	if a := alias(v); a != nil {
		return a
	}
	switch v := v.(type) {
	case *ssa.FieldAddr:
		return v.X
	case *ssa.IndexAddr:
		return v.X
	case *ssa.Convert:
		if !copies(v) {
			return v.X
		}
	case *ssa.SliceToArrayPointer:
		return v.X
	case *ssa.UnOp: // the slice that a pool's *[]byte points to
		if v.Op == token.MUL && pointsToSlice(v.X.Type()) && !isField(v.X) {
			return v.X
		}
	case *ssa.Call:
		return keeper(v)
	case *ssa.Extract:
		if call, ok := v.Tuple.(*ssa.Call); ok && v.Index == 0 {
			return keeper(call)
		}
	}
	return nil
}

func isField(v ssa.Value) bool {
	switch v.(type) {
	case *ssa.FieldAddr, *ssa.IndexAddr, *ssa.Global:
		return true
	}
	return false
}

func pointsToSlice(t types.Type) bool {
	p, ok := t.Underlying().(*types.Pointer)
	if !ok {
		return false
	}
	_, ok = p.Elem().Underlying().(*types.Slice)
	return ok
}

// copies reports whether a conversion copies the memory, as string(b) does.
func copies(v *ssa.Convert) bool {
	_, fromSlice := v.X.Type().Underlying().(*types.Slice)
	_, toSlice := v.Type().Underlying().(*types.Slice)
	return fromSlice || toSlice
}

// keeping are functions whose result is or refers to their first argument's memory.
var keeping = map[string][]string{
	"bytes": {
		"(*Buffer).Bytes", "(*Buffer).Next", "(*Buffer).AvailableBuffer", "NewReader", "NewBuffer", "TrimSpace", "Trim",
		"TrimLeft", "TrimRight", "TrimPrefix", "TrimSuffix", "TrimFunc",
	},
	"bufio":                             {"NewReader", "NewReaderSize", "NewScanner"},
	"github.com/valyala/bytebufferpool": {"(*ByteBuffer).Bytes"},
	ours + "/strategies":                {"(*Buffer).Bytes"},
}

// keeper is the argument whose memory a call's result has, or nil.
func keeper(call *ssa.Call) ssa.Value {
	common := call.Common()
	if b, ok := common.Value.(*ssa.Builtin); ok {
		switch b.Name() {
		case "append", "SliceData", "String", "StringData", "Slice", "Add":
			return common.Args[0]
		}
		return nil
	}
	fn := calledFunc(common)
	if fn == nil || fn.Pkg() == nil || common.IsInvoke() || len(common.Args) == 0 {
		return nil
	}
	name := fn.Name()
	if r := fn.Signature().Recv(); r != nil {
		name = "(*" + receiverName(fn) + ")." + name
	}
	if slices.Contains(keeping[unvendored(fn.Pkg().Path())], name) {
		return common.Args[0]
	}
	return nil
}

// roots are what v may be a part of, through either side of a branch too.
func roots(v ssa.Value) []ssa.Value { return appendRoots(nil, v, make(map[ssa.Value]bool)) }

func appendRoots(all []ssa.Value, v ssa.Value, seen map[ssa.Value]bool) []ssa.Value {
	for !seen[v] {
		seen[v] = true
		all = append(all, v)
		if phi, ok := v.(*ssa.Phi); ok {
			for _, e := range phi.Edges {
				all = appendRoots(all, e, seen)
			}
			return all
		}
		if load, ok := v.(*ssa.UnOp); ok && load.Op == token.MUL {
			for _, s := range assigned(load.X) {
				all = appendRoots(all, s.Val, seen)
			}
		}
		if v = parent(v); v == nil {
			return all
		}
	}
	return all
}

// assigned are the assignments to a local variable.
func assigned(addr ssa.Value) []*ssa.Store {
	a := variable(addr)
	if a == nil {
		return nil
	}
	all, _ := stores(a)
	return all
}

// place is a field of something, as r.buf is: what it is of, and which.
type place struct {
	base ssa.Value
	path string
}

// placeOf is the place that an address is of, or that a value was loaded from.
func placeOf(v ssa.Value) (place, bool) {
	v = stripped(v)
	if load, ok := v.(*ssa.UnOp); ok && load.Op == token.MUL {
		v = load.X
	}
	var path []string
	for {
		f, ok := v.(*ssa.FieldAddr)
		if !ok {
			break
		}
		path = append(path, fieldName(f))
		v = origin(f.X)
		if load, ok := v.(*ssa.UnOp); ok && load.Op == token.MUL {
			if _, more := load.X.(*ssa.FieldAddr); more {
				v = load.X
			}
		}
	}
	if g, ok := v.(*ssa.Global); ok && len(path) == 0 {
		return place{g, ""}, true
	}
	slices.Reverse(path)
	return place{origin(v), strings.Join(path, ".")}, len(path) > 0
}

// stripped is v without the conversions around it.
func stripped(v ssa.Value) ssa.Value {
	for {
		switch w := v.(type) {
		case *ssa.MakeInterface:
			v = w.X
		case *ssa.ChangeInterface:
			v = w.X
		case *ssa.ChangeType:
			v = w.X
		case *ssa.Slice:
			v = w.X
		default:
			return v
		}
	}
}

func fieldOf(f *ssa.FieldAddr) *types.Var {
	p := f.X.Type().Underlying().(*types.Pointer)
	return p.Elem().Underlying().(*types.Struct).Field(f.Field)
}

func fieldName(f *ssa.FieldAddr) string { return fieldOf(f).Name() }
