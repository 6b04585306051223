package pool

import (
	"container/heap"
	"container/list"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxClosedNames bounds what a program that opens and closes pools under ever
// new names leaves behind: the oldest closed names beyond it are forgotten, one by
// one, or by the quarter of all names where there are thousands.
const maxClosedNames = 1000

// ValidName returns the name under which Publish publishes a pool. It escapes bytes
// that are not UTF-8 as Go source does, so that names that differ only there stay
// distinct. Unescaped, one such byte would make exporters refuse all metrics of the
// program.
func ValidName(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for i, r := range name {
		if r == utf8.RuneError && !strings.HasPrefix(name[i:], string(utf8.RuneError)) { // not one that stands there
			fmt.Fprintf(&b, `\x%02x`, name[i])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// names is the entries of a registry. Only list is read without its lock. A change costs
// the same however many there are: the list shrinks by a share of its length at a time.
type names struct {
	list    shared[*Entry]
	byName  map[string]*Entry
	most    int                 // names in byName since it was made
	closed  list.List           // entries, the one that was closed longest ago first
	numbers map[string]*numbers // by what is before the number
}

func (n *names) isOpen(name string) bool {
	e := n.byName[name]
	return e != nil && e.state.Load().open != nil
}

// reopen returns the entry of a name and adds it if it is new.
func (n *names) reopen(r *Registry, name string, p *Publication) *Entry {
	e := n.byName[name]
	if e == nil {
		e = &Entry{name: name, registry: r}
		e.state.Store(&entryState{open: p})
		if n.byName == nil {
			n.byName = make(map[string]*Entry)
		}
		n.byName[name] = e
		n.most = max(n.most, len(n.byName))
		n.list.add(e)
		return e
	}
	s := *e.state.Load()
	s.open = p
	e.state.Store(&s)
	n.closed.Remove(e.place)
	e.place = nil
	return e
}

// close marks an open name as free. It has an entry: only those of closed names are forgotten.
func (n *names) close(e *Entry) {
	e.place = n.closed.PushBack(e)
	n.release(e.name)
	if n.closed.Len() > maxClosedNames+max(len(n.byName)-2*maxClosedNames, 0)/4 {
		n.forget()
	}
}

// forget drops the oldest closed names.
func (n *names) forget() {
	for n.closed.Len() > maxClosedNames {
		e := n.closed.Remove(n.closed.Front()).(*Entry)
		e.forgotten = true
		delete(n.byName, e.name)
	}
	n.list.remove(func(e *Entry) bool { return e.forgotten })
	if 2*len(n.byName) > n.most {
		return
	}
	rest := n.list.all()
	n.byName, n.most = make(map[string]*Entry, len(rest)), len(rest) // a map never shrinks
	for _, e := range rest {
		n.byName[e.name] = e
	}
}

// numbered returns the first name, of prefix and a number from first on, that no open
// pool has. The caller opens it.
func (n *names) numbered(prefix string, first int) string {
	given := n.numbers[prefix]
	if given == nil {
		if n.numbers == nil {
			n.numbers = make(map[string]*numbers)
		}
		given = &numbers{first: first, next: first, isFree: make(map[int]bool)}
		n.numbers[prefix] = given
	}
	for {
		if name := prefix + strconv.Itoa(given.take()); !n.isOpen(name) {
			return name
		}
	}
}

// release frees the number of a closed name, if it was given one.
func (n *names) release(name string) {
	prefix := strings.TrimRight(name, "0123456789")
	given := n.numbers[prefix]
	if given == nil {
		return
	}
	if i, err := strconv.Atoi(name[len(prefix):]); err == nil && given.release(i) {
		delete(n.numbers, prefix)
	}
}

// numbers are those that the names with one prefix were given. Each from first to
// next is taken or in free, so the least free one is found without a search.
type numbers struct {
	first, next int
	free        intHeap
	isFree      map[int]bool // what is in free
}

func (g *numbers) take() int {
	if len(g.isFree) == 0 {
		g.next++
		return g.next - 1
	}
	i := heap.Pop(&g.free).(int)
	delete(g.isFree, i)
	return i
}

// release reports whether every number is free again.
func (g *numbers) release(i int) bool {
	if i >= g.first && i < g.next && !g.isFree[i] {
		g.isFree[i] = true
		heap.Push(&g.free, i)
	}
	return len(g.isFree) == g.next-g.first
}

type intHeap struct{ sort.IntSlice }

func (h *intHeap) Push(x any) { h.IntSlice = append(h.IntSlice, x.(int)) }
func (h *intHeap) Pop() any {
	last := h.IntSlice[len(h.IntSlice)-1]
	h.IntSlice = h.IntSlice[:len(h.IntSlice)-1]
	return last
}
