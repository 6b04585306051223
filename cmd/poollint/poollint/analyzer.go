// Package poollint is an analyzer that finds mistakes with pools.
// docs/mistakes.md has an example and a fix for each.
//
// It reports only what it is sure of. The path to a mistake has to be possible
// under the conditions on it. It follows a pool's memory through assignments,
// slices, fields, Bytes methods, and functions of any package that take from a
// pool or put into one, which are facts. -suspicious adds reports that are not
// certain.
package poollint

import (
	"fmt"
	"go/token"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/buildssa"
	"golang.org/x/tools/go/ssa"
)

// Analyzer is poollint with its flags' defaults.
var Analyzer = New()

const doc = `find mistakes with pools

poollint knows sync.Pool, the pools of github.com/otelpool/pool, gRPC's mem.BufferPool,
bytebufferpool, functions around them, and the types that -pools names. It reports use
after Put, double Put, memory that is returned although a defer puts it, a Put that an
early return forgets, and values that should not be put as they are.
//poollint:ignore REASON on the line or above silences it.`

// New returns a poollint with flags of its own.
func New() *analysis.Analyzer {
	opts := &options{}
	a := &analysis.Analyzer{
		Name:       "poollint",
		Doc:        doc,
		URL:        "https://github.com/otelpool/pool/blob/main/docs/mistakes.md",
		Requires:   []*analysis.Analyzer{buildssa.Analyzer},
		FactTypes:  []analysis.Fact{(*wrapper)(nil)},
		ResultType: reflect.TypeFor[[]Finding](),
	}
	a.Flags.BoolVar(&opts.suspicious, "suspicious", false, "also report what is not certain")
	a.Flags.Func("pools", "more types with Get and Put: `import/path.Type[:Get/Put],…`", opts.addPools)
	a.Run = func(pass *analysis.Pass) (any, error) { return run(pass, opts) }
	return a
}

// Finding is a mistake, for programs that collect them.
type Finding struct {
	Pos     token.Position
	Kind    string
	Message string
}

type options struct {
	suspicious bool
	pools      []poolType
}

func (o *options) addPools(list string) error {
	for entry := range strings.SplitSeq(list, ",") {
		if entry == "" {
			continue
		}
		name, methods, given := strings.Cut(entry, ":")
		get, put := "Get", "Put"
		if given {
			get, put, given = strings.Cut(methods, "/")
			if !given || get == "" || put == "" {
				return fmt.Errorf("%q: want import/path.Type:Get/Put", entry)
			}
		}
		dot := strings.LastIndex(name, ".")
		if dot <= 0 || dot == len(name)-1 || strings.Contains(name[dot:], "/") {
			return fmt.Errorf("%q: want import/path.Type", entry)
		}
		o.pools = append(o.pools, poolType{path: name[:dot], name: name[dot+1:], get: get, put: put, kind: kindNamed})
	}
	return nil
}

// checker is one run over a package.
type checker struct {
	pass     *analysis.Pass
	opts     *options
	funcs    []*ssa.Function
	wrappers map[*ssa.Function]*wrapper
	ops      map[ssa.Instruction]op
	ignored  map[string]map[int]bool // lines by file
	said     map[token.Pos]bool
	found    []Finding
}

func run(pass *analysis.Pass, opts *options) (any, error) {
	built := pass.ResultOf[buildssa.Analyzer].(*buildssa.SSA)
	c := &checker{
		pass: pass, opts: opts, funcs: allFunctions(built),
		wrappers: make(map[*ssa.Function]*wrapper), ops: make(map[ssa.Instruction]op),
		said: make(map[token.Pos]bool),
	}
	c.readIgnores()
	c.copies()
	if !c.mayUsePools() {
		return c.found, nil
	}
	c.summarize()
	for _, fn := range c.funcs {
		c.function(fn)
	}
	c.fields()
	c.resets()
	return c.found, nil
}

// function checks one function between its Gets and Puts.
func (c *checker) function(fn *ssa.Function) {
	for _, b := range fn.Blocks {
		for i, instr := range b.Instrs {
			o, ok := c.ops[instr]
			if !ok {
				continue
			}
			switch _, deferred := instr.(*ssa.Defer); {
			case o.role == roleGet:
				c.forgotten(fn, b, i, o)
			case deferred:
				c.deferred(fn, instr, o)
				c.badPut(instr, o)
			default:
				c.afterPut(fn, b, i, o)
				c.badPut(instr, o)
			}
		}
	}
}

// allFunctions returns the package's functions and function literals, including
// those in package variables.
func allFunctions(built *buildssa.SSA) []*ssa.Function {
	funcs := built.SrcFuncs
	var add func(fn *ssa.Function)
	add = func(fn *ssa.Function) {
		funcs = append(funcs, fn)
		for _, anon := range fn.AnonFuncs {
			add(anon)
		}
	}
	if initial := built.Pkg.Func("init"); initial != nil {
		for _, anon := range initial.AnonFuncs {
			add(anon)
		}
	}
	return funcs
}
