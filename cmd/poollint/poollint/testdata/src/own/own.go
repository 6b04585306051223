// Package own uses functions of another package around pools, and a type that a flag
// names.
package own

import "wrappers"

type Arena struct{ free []*int }

func (a *Arena) Acquire() *int  { return new(int) }
func (a *Arena) Release(x *int) {}

func throughFacts() []byte {
	b := wrappers.Get()
	defer wrappers.Release(b)
	b.WriteString("x")
	return b.Bytes() // want `returned and put`
}

func twice() {
	b := wrappers.Get()
	wrappers.Put(b)
	wrappers.Release(b) // want `double Put: it was put at line 21 \(by Put\) already`
}

func named(a *Arena) int {
	x := a.Acquire()
	a.Release(x)
	return *x // want `use after Put`
}

func right(a *Arena) int {
	x := a.Acquire()
	n := *x
	a.Release(x)
	return n
}

func counted(c *wrappers.Counted) {
	c.Free()
	c.Free()
}
