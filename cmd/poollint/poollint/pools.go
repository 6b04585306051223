package poollint

import (
	"go/types"
	"strings"

	"golang.org/x/tools/go/ssa"
)

type role int

const (
	roleNone role = iota
	roleGet
	rolePut
)

type kind int

const (
	kindSync  kind = iota // sync.Pool, otelpool.Pool and Wrap: anything, of any size
	kindSized             // byte slices known by their capacity
	kindNamed             // what a flag names, bytebufferpool, our pools of objects
)

// poolType is a type with a pair of methods.
type poolType struct {
	path, name, get, put string
	kind                 kind
}

const ours = "github.com/otelpool/pool"

// known are the pools that need no flag. Packages that begin with a path count.
var known = []poolType{
	{"sync", "Pool", "Get", "Put", kindSync},
	{ours + "/otelpool", "Pool", "Get", "Put", kindSync},
	{ours + "/otelpool", "SyncPool", "Get", "Put", kindSync},
	{ours, "Bytes", "Get", "Put", kindSized},
	{ours, "Objects", "Get", "Put", kindNamed},
	{ours + "/strategies", "SizeClasses", "Get", "Put", kindSized},
	{ours + "/strategies", "Fixed", "Get", "Put", kindSized},
	{ours + "/strategies", "Fixed", "Acquire", "Put", kindSized},
	{ours + "/strategies", "Fixed", "TryGet", "Put", kindSized},
	{ours + "/strategies", "Bounded", "Get", "Put", kindNamed},
	{ours + "/strategies", "Sync", "Get", "Put", kindNamed},
	{ours + "/strategies", "Values", "Get", "Put", kindNamed},
	{ours + "/adapters/grpcpool", "Pool", "Get", "Put", kindSized},
	{"google.golang.org/grpc/mem", "BufferPool", "Get", "Put", kindSized},
	{"github.com/valyala/bytebufferpool", "Pool", "Get", "Put", kindNamed},
}

// op is a call that takes from a pool or puts into one.
type op struct {
	role  role
	kind  kind
	value ssa.Value // what comes out; what is put
	pool  ssa.Value // may be nil
	via   string    // the function that does it, "" for the pool's own method
	calls ssa.CallInstruction
}

// direct is a call of a pool's own method, or of bytebufferpool's functions.
func (c *checker) direct(call ssa.CallInstruction) (op, bool) {
	common := call.Common()
	fn := calledFunc(common)
	if fn == nil {
		return op{}, false
	}
	t, r := c.match(fn)
	if r == roleNone {
		return op{}, false
	}
	args := common.Args
	o := op{role: r, kind: t.kind, calls: call}
	if common.IsInvoke() {
		o.pool = common.Value
	} else if fn.Signature().Recv() != nil && len(args) > 0 {
		o.pool, args = args[0], args[1:]
	}
	if r == rolePut {
		if len(args) == 0 {
			return op{}, false
		}
		o.value = args[0]
		return o, refers(o.value.Type())
	}
	o.value = first(call.Value())
	return o, o.value != nil && refers(o.value.Type())
}

// first is a call's result, or its first if there are more.
func first(call *ssa.Call) ssa.Value {
	if call == nil {
		return nil
	}
	if _, tuple := call.Type().(*types.Tuple); !tuple {
		return call
	}
	return result(call, 0)
}

func result(call *ssa.Call, i int) ssa.Value {
	for _, r := range *call.Referrers() {
		if e, ok := r.(*ssa.Extract); ok && e.Index == i {
			return e
		}
	}
	return nil
}

func calledFunc(common *ssa.CallCommon) *types.Func {
	if common.IsInvoke() {
		return common.Method
	}
	if callee := common.StaticCallee(); callee != nil {
		fn, _ := callee.Object().(*types.Func)
		return fn
	}
	return nil
}

// match finds the pool type whose Get or Put a method is.
func (c *checker) match(fn *types.Func) (poolType, role) {
	if fn.Pkg() == nil {
		return poolType{}, roleNone
	}
	path, name := unvendored(fn.Pkg().Path()), receiverName(fn)
	if name == "" && path == "github.com/valyala/bytebufferpool" {
		name = "Pool"
	}
	for _, list := range [...][]poolType{known, c.opts.pools} {
		for _, t := range list {
			if t.path != path || t.name != name {
				continue
			}
			switch fn.Name() {
			case t.get, t.get + "E", t.get + "Context":
				return t, roleGet
			case t.put:
				return t, rolePut
			}
		}
	}
	return poolType{}, roleNone
}

func unvendored(path string) string {
	if _, after, ok := strings.Cut(path, "/vendor/"); ok {
		return after
	}
	return path
}

func receiverName(fn *types.Func) string {
	recv := fn.Signature().Recv()
	if recv == nil {
		return ""
	}
	return typeName(recv.Type())
}

func typeName(t types.Type) string {
	if n := named(t); n != nil {
		return n.Obj().Name()
	}
	return ""
}

// named is the named type of a value or of what it points to.
func named(t types.Type) *types.Named {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}

func isNamed(t types.Type, path, name string) bool {
	n := named(t)
	return n != nil && n.Obj().Name() == name && n.Obj().Pkg() != nil && unvendored(n.Obj().Pkg().Path()) == path
}

// mayUsePools reports whether a package calls a pool or a function known to use
// one, so that other packages can be skipped.
func (c *checker) mayUsePools() bool {
	for _, fn := range c.funcs {
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs {
				if call, ok := instr.(ssa.CallInstruction); ok && c.pooling(call) {
					return true
				}
			}
		}
	}
	return false
}

func (c *checker) pooling(call ssa.CallInstruction) bool {
	fn := calledFunc(call.Common())
	if fn == nil {
		return false
	}
	if _, r := c.match(fn); r != roleNone {
		return true
	}
	return fn.Pkg() != c.pass.Pkg && c.pass.ImportObjectFact(fn.Origin(), new(wrapper))
}
