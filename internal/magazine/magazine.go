package magazine

import "unsafe"

// magazine is a small stack of free objects, all of one class. It has one owner: a
// cell, a depot under its lock, or a goroutine that carries it from one to the other.
// Only the owner reads and writes it, so nothing here is atomic. It changes hands under
// the depot's lock, or after a barrier, and both order memory.
type magazine struct {
	newer, older *magazine // in a depot's list
	stamp        int64     // the pool's clock when its objects were used last
	n            int       // objects; not kept up to date while the magazine is loaded: see Cell.store
	size         int64     // bytes of an object; 0 if each has its own
	slots        []unsafe.Pointer
	sizes        []int64 // of sized objects, beside their slots; for others they would double the memory
}

// push and pop are for magazines outside a cell. In a cell, Take and Give use the
// cell's own count, and n is out of date.
func (m *magazine) push(x unsafe.Pointer, size int64) {
	m.slots[m.n] = x
	if m.sizes != nil {
		m.sizes[m.n] = size
	}
	m.n++
}

func (m *magazine) pop() (x unsafe.Pointer, size int64) {
	size = m.topSize()
	m.n--
	x, m.slots[m.n] = m.slots[m.n], nil // otherwise the pool would keep an object alive that the caller drops
	return x, size
}

// topSize is the bytes of the uppermost object.
func (m *magazine) topSize() int64 {
	if m.sizes != nil {
		return m.sizes[m.n-1]
	}
	return m.size
}

// bytes is the size of all its objects.
func (m *magazine) bytes() int64 {
	if m.sizes == nil {
		return int64(m.n) * m.size
	}
	var sum int64
	for _, size := range m.sizes[:m.n] {
		sum += size
	}
	return sum
}

// moveBottom moves the k objects at the bottom to an empty magazine. They were put
// first and, because Get takes from the top, used least. k may be any number: it was
// estimated while the owner continued, see Cell.seal.
func (m *magazine) moveBottom(to *magazine, k int) {
	k = min(k, m.n)
	to.n = copy(to.slots, m.slots[:k])
	copy(m.slots, m.slots[k:m.n])
	clear(m.slots[m.n-k : m.n])
	if m.sizes != nil {
		copy(to.sizes, m.sizes[:k])
		copy(m.sizes, m.sizes[k:m.n])
	}
	m.n -= k
}
