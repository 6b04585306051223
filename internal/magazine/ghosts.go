package magazine

import "math/bits"

// ghosts remembers objects that the pool dropped or refused and would hold if it were
// larger: one bit for each depth below what it holds, set while the object that would
// lie there is free, and with it when it was used last. A refused object sets the
// lowest bit that is not set, one dropped from the bottom of the stack moves all bits
// down by one and sets the first, and a miss clears the lowest that is set. So how
// often a miss clears bit d is exactly how many misses room for d+1 objects more, and
// not for d, would have saved (after Mattson's stack distances, 1970). None of it
// happens on a hit.
type ghosts struct {
	set    []uint64 // bits, in a ring that begins at first
	stamps []uint32 // coarse times of the bits that are set
	first  int
	n      int // bits that are set
}

const (
	minGhosts = 64
	maxGhosts = 4096 // for 16.5 KiB a class
)

// coarse is a clock reading in units of 1/15 s, which fit 32 bits for nine years.
func coarse(clock int64) uint32 { return uint32(clock >> 26) }

func fine(coarse uint32) int64 { return int64(coarse) << 26 }

// dropped remembers an object dropped from the bottom of the stack.
func (g *ghosts) dropped(stamp int64) {
	g.grow()
	g.first = (g.first - 1) & (len(g.stamps) - 1)
	if !g.has(g.first) { // else the deepest bit is lost
		g.n++
	}
	g.mark(g.first, stamp)
}

// refused remembers an object that was not taken. It is the newest, but a pool with
// room for it would have had to keep all above it first.
func (g *ghosts) refused(stamp int64) {
	g.grow()
	if d := g.find(^uint64(0)); d >= 0 {
		g.mark(g.at(d), stamp)
		g.n++
	}
}

// missed forgets the object that a miss would have got, and returns its depth and the
// time of its last use. That object is the uppermost, because the pool hands out the
// newest first.
func (g *ghosts) missed() (depth int, stamp int64, ok bool) {
	if g.n == 0 {
		return 0, 0, false
	}
	depth = g.find(0)
	i := g.at(depth)
	g.set[i/64] &^= 1 << (i % 64)
	g.n--
	return depth, fine(g.stamps[i]), true
}

func (g *ghosts) at(depth int) int { return (g.first + depth) & (len(g.stamps) - 1) }

func (g *ghosts) has(i int) bool { return g.set[i/64]>>(i%64)&1 != 0 }

func (g *ghosts) mark(i int, stamp int64) {
	g.set[i/64] |= 1 << (i % 64)
	g.stamps[i] = coarse(stamp)
}

// find is the depth of the first bit that is set, or with flip all ones the first that
// is not; −1 without one.
func (g *ghosts) find(flip uint64) int {
	for depth := 0; depth < len(g.stamps); {
		i := g.at(depth)
		if word := (g.set[i/64] ^ flip) >> (i % 64); word != 0 {
			depth += bits.TrailingZeros64(word)
			if depth < len(g.stamps) {
				return depth
			}
		}
		depth += 64 - i%64
	}
	return -1
}

// grow makes room for one more, up to maxGhosts. It doubles, so that a class that drops
// little, as most do, uses little memory for ghosts.
func (g *ghosts) grow() {
	old := *g
	if size := len(old.stamps); g.n < size || size == maxGhosts {
		return
	}
	size := max(2*len(old.stamps), minGhosts)
	*g = ghosts{set: make([]uint64, size/64), stamps: make([]uint32, size)}
	for depth := range old.stamps {
		if i := old.at(depth); old.has(i) {
			g.mark(depth, fine(old.stamps[i]))
			g.n++
		}
	}
}
