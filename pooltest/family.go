package pooltest

import (
	"context"
	"reflect"
	"runtime/pprof"
	"slices"
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
)

// family is a test that watches for leaks, with the goroutines that it starts: they inherit its
// pprof labels, by which a pool recognizes them.
type family struct {
	tree       any // nil: labels cannot be read
	parent     *family
	registries []*pool.Registry
	neighbours []*family // others that watched one of its registries meanwhile
}

// families has the families that watch now. Tests do not know each other, hence one list for the
// process.
var families struct {
	sync.Mutex
	now []*family
}

// join makes the calling goroutine the first of a family.
func join(t testing.TB, registries []*pool.Registry) *family {
	outer := percpu.Tree()
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels("test", t.Name())))
	f := &family{tree: percpu.Tree(), registries: registries}
	families.Lock()
	defer families.Unlock()
	for _, other := range families.now {
		if outer != nil && other.tree == outer {
			f.parent = other
		}
	}
	for _, other := range families.now {
		if f.meets(other) {
			f.neighbours, other.neighbours = append(f.neighbours, other), append(other.neighbours, f)
		}
	}
	families.now = append(families.now, f)
	return f
}

// meets reports whether another family, which f is not part of, watches one of f's registries.
func (f *family) meets(other *family) bool {
	for ancestor := f.parent; ancestor != nil; ancestor = ancestor.parent {
		if ancestor == other {
			return false
		}
	}
	return slices.ContainsFunc(f.registries, func(r *pool.Registry) bool { return slices.Contains(other.registries, r) })
}

// leave ends the watch, and returns the registries from which others may have taken
// objects meanwhile: those that tests beside it watched, and the default one.
func (f *family) leave(t testing.TB) (shared []*pool.Registry) {
	families.Lock()
	defer families.Unlock()
	families.now = slices.DeleteFunc(families.now, func(other *family) bool { return other == f })
	if !parallel(t) {
		return nil
	}
	for _, r := range f.registries {
		if r == pool.Default || slices.ContainsFunc(f.neighbours, func(n *family) bool { return slices.Contains(n.registries, r) }) {
			shared = append(shared, r)
		}
	}
	return shared
}

// has reports whether a goroutine of the tree is one of f's, or of a neighbour's.
func (f *family) has(tree any) (ours, theirs bool) {
	if tree == nil {
		return false, false
	}
	return tree == f.tree, slices.ContainsFunc(f.neighbours, func(n *family) bool { return n.tree == tree })
}

// parallel reports whether other tests may run beside this one: whether it, or a test that it is
// part of, has called Parallel. Package testing has no function for that.
func parallel(t testing.TB) bool {
	for v := reflect.Indirect(reflect.ValueOf(t)); v.Kind() == reflect.Struct; v = reflect.Indirect(v.FieldByName("parent")) {
		if is := v.FieldByName("isParallel"); is.Kind() == reflect.Bool && is.Bool() {
			return true
		}
	}
	return false
}
