package poollint

import (
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// walker follows the paths from an instruction. It remembers which conditions
// hold, so that it skips paths that the program cannot take: the same condition
// tested again, a constant in a variable, err after err.
type walker struct {
	visit  func(w *walker, s *state, instr ssa.Instruction) verdict
	budget int
	seen   map[string]bool
}

type verdict int

const (
	goOn    verdict = iota
	endPath         // of no more interest
	endWalk
)

// state is the state of a path: the values that are the object, and the known
// conditions.
type state struct {
	names map[ssa.Value]bool // values that are the object: its origin, and phis of it
	known map[string]fact
}

// fact is the outcome of a condition and the values that it depends on.
type fact struct {
	holds bool
	deps  []ssa.Value
}

func (s *state) clone() *state { return &state{maps.Clone(s.names), maps.Clone(s.known)} }

// is reports whether v has the object's memory.
func (s *state) is(v ssa.Value) bool {
	for range 64 {
		if s.names[v] {
			return true
		}
		next := parent(v)
		if next == nil {
			return false
		}
		v = next
	}
	return false
}

// same reports whether v is the object itself, or a slice of it.
func (s *state) same(v ssa.Value) bool { return s.names[v] || s.names[origin(v)] }

// enough bounds the blocks that a walk visits; a walk that needs more finds
// nothing.
const enough = 3000

// walk follows the paths on from the i-th instruction of a block.
func walk(b *ssa.BasicBlock, i int, names []ssa.Value, visit func(*walker, *state, ssa.Instruction) verdict) {
	s := &state{make(map[ssa.Value]bool), make(map[string]fact)}
	for _, v := range names {
		s.names[v] = true
	}
	assumed(s, b)
	w := &walker{visit: visit, budget: enough, seen: make(map[string]bool)}
	w.from(b, i, s)
}

// assumed adds what must hold where b is reached.
func assumed(s *state, b *ssa.BasicBlock) {
	for d := b; d.Idom() != nil; d = d.Idom() {
		branch, ok := last(d.Idom()).(*ssa.If)
		if !ok {
			continue
		}
		for side, succ := range d.Idom().Succs {
			if len(succ.Preds) == 1 && succ.Dominates(b) {
				s.learn(branch.Cond, side == 0)
			}
		}
	}
}

func (w *walker) from(b *ssa.BasicBlock, i int, s *state) bool {
	if w.budget--; w.budget < 0 {
		return false
	}
	for _, instr := range b.Instrs[i:] {
		s.forget(instr)
		switch w.visit(w, s, instr) {
		case endPath:
			return true
		case endWalk:
			return false
		}
	}
	branch, _ := last(b).(*ssa.If)
	for side, succ := range b.Succs {
		next := s.clone()
		if branch != nil {
			if holds, known := s.decided(branch.Cond); known && holds != (side == 0) {
				continue
			}
			next.learn(branch.Cond, side == 0)
		}
		next.enter(b, succ)
		if len(next.names) == 0 {
			continue
		}
		key := next.key(succ)
		if w.seen[key] {
			continue
		}
		w.seen[key] = true
		if !w.from(succ, phis(succ), next) {
			return false
		}
	}
	return true
}

func phis(b *ssa.BasicBlock) int {
	n := 0
	for n < len(b.Instrs) {
		if _, ok := b.Instrs[n].(*ssa.Phi); !ok {
			break
		}
		n++
	}
	return n
}

// enter gives the phis of a block their values, all at once.
func (s *state) enter(from, to *ssa.BasicBlock) {
	side := slices.Index(to.Preds, from)
	before := s.clone()
	for _, instr := range to.Instrs[:phis(to)] {
		phi := instr.(*ssa.Phi)
		edge := phi.Edges[side]
		s.forget(phi)
		if before.same(edge) {
			s.names[phi] = true
		} else {
			delete(s.names, phi)
		}
		switch e := edge.(type) {
		case *ssa.Const:
			s.constant(phi, e)
		default:
			if holds, ok := before.decided(edge); ok {
				s.put(phi, holds)
			}
			if f, ok := before.known[isNil(edge)]; ok {
				s.known[isNil(phi)] = fact{f.holds, []ssa.Value{phi}}
			} else if fresh(edge) {
				s.known[isNil(phi)] = fact{false, []ssa.Value{phi}}
			}
		}
	}
}

// fresh reports whether a value cannot be nil.
func fresh(v ssa.Value) bool {
	switch v := v.(type) {
	case *ssa.MakeInterface, *ssa.Alloc, *ssa.MakeSlice, *ssa.MakeMap, *ssa.MakeClosure, *ssa.FieldAddr:
		return true
	case *ssa.Call:
		fn := calledFunc(v.Common())
		return fn != nil && fn.Pkg() != nil && (fn.FullName() == "fmt.Errorf" || fn.FullName() == "errors.New")
	}
	return false
}

func (s *state) constant(phi *ssa.Phi, c *ssa.Const) {
	switch {
	case c.Value == nil:
		s.known[isNil(phi)] = fact{true, []ssa.Value{phi}}
	case c.Value.String() == "true" || c.Value.String() == "false":
		s.put(phi, c.Value.String() == "true")
	}
}

func (s *state) put(v ssa.Value, holds bool) {
	key, deps, negated := condition(v)
	s.known[key] = fact{holds != negated, deps}
}

// learn notes the outcome of a branch.
func (s *state) learn(cond ssa.Value, holds bool) { s.put(cond, holds) }

// decided is the outcome of a condition, if that is known.
func (s *state) decided(cond ssa.Value) (holds, known bool) {
	key, _, negated := condition(cond)
	f, ok := s.known[key]
	return f.holds != negated, ok
}

// forget drops the conditions that an instruction may change: those on a value
// that it computes again, or on a variable that it stores to.
func (s *state) forget(instr ssa.Instruction) {
	v, _ := instr.(ssa.Value)
	if _, phi := v.(*ssa.Phi); v != nil && !phi {
		delete(s.names, v)
	}
	if store, ok := instr.(*ssa.Store); ok {
		v = store.Addr
		if f, ok := v.(*ssa.FieldAddr); ok {
			v = f.X
		}
	}
	if v == nil {
		return
	}
	for key, f := range s.known {
		if slices.Contains(f.deps, v) {
			delete(s.known, key)
		}
	}
}

func (s *state) key(b *ssa.BasicBlock) string {
	parts := make([]string, 0, len(s.names)+len(s.known))
	for v := range s.names {
		parts = append(parts, v.Name())
	}
	for key, f := range s.known {
		parts = append(parts, fmt.Sprint(key, f.holds))
	}
	slices.Sort(parts)
	return fmt.Sprint(b.Index, strings.Join(parts, ";"))
}

// condition is a condition in canonical form, with the values that it depends
// on, and whether it is negated.
func condition(v ssa.Value) (key string, deps []ssa.Value, negated bool) {
	for {
		not, ok := v.(*ssa.UnOp)
		if !ok || not.Op != token.NOT {
			break
		}
		v, negated = not.X, !negated
	}
	b, ok := v.(*ssa.BinOp)
	if !ok {
		key, deps = term(v, nil)
		return key, deps, negated
	}
	op := b.Op
	if op == token.NEQ {
		op, negated = token.EQL, !negated
	}
	x, deps := term(b.X, nil)
	y, deps := term(b.Y, deps)
	if op == token.EQL && y != "nil" && (x == "nil" || x > y) {
		x, y = y, x
	}
	return x + " " + op.String() + " " + y, deps, negated
}

func isNil(v ssa.Value) string {
	key, _ := term(v, nil)
	return key + " == nil"
}

// term is a value as conditions name it. Two loads of a variable are the same until
// somebody stores to it; calls may, but not to what a condition is worth asking again.
func term(v ssa.Value, deps []ssa.Value) (string, []ssa.Value) {
	switch v := v.(type) {
	case *ssa.Const:
		if v.Value == nil {
			return "nil", deps
		}
		return v.Value.String(), deps
	case *ssa.UnOp:
		if v.Op == token.MUL {
			key, deps := term(v.X, deps)
			return "*" + key, deps
		}
	case *ssa.FieldAddr:
		key, deps := term(v.X, deps)
		return key + "." + fieldName(v), deps
	case *ssa.Call:
		if b, ok := v.Call.Value.(*ssa.Builtin); ok && (b.Name() == "len" || b.Name() == "cap") {
			key, deps := term(v.Call.Args[0], deps)
			return b.Name() + "(" + key + ")", append(deps, v.Call.Args[0])
		}
	}
	return v.Name(), append(deps, v)
}
