package strategies

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/magazine"
)

// Classes is a table of size classes: the capacities that a pool hands out. The zero
// value is PowersOfTwo(256, 1 MiB). Make others with PowersOfTwo, Geometric or
// Explicit; a pool's constructor reports the mistakes in one.
type Classes struct {
	sizes []int
	err   string // why there are no sizes
}

const (
	defaultMinClass = 256
	defaultMaxClass = 1 << 20
	maxClasses      = magazine.MaxClasses
)

// PowersOfTwo returns a table of every power of two from min to max, which must be
// powers of two. A buffer is at most twice as large as the size asked for.
func PowersOfTwo(min, max int) Classes { return Geometric(min, max, 1) }

// Geometric divides each doubling from min to max into equal steps: 1, 2, 4 or 8. A
// buffer exceeds the size asked for by at most 1/steps, so 4 steps waste at most 25
// %. Both min and max must be powers of two, and min at least 8.
func Geometric(min, max, steps int) Classes {
	var wrong []string
	if min < 8 || bits.OnesCount(uint(min)) != 1 {
		wrong = append(wrong, fmt.Sprintf("min %d: use a power of two, at least 8", min))
	}
	if max < 0 || bits.OnesCount(uint(max)) != 1 {
		wrong = append(wrong, fmt.Sprintf("max %d: use a power of two", max))
	}
	if min > max {
		wrong = append(wrong, fmt.Sprintf("min %d is above max %d: swap them", min, max))
	}
	if steps != 1 && steps != 2 && steps != 4 && steps != 8 {
		wrong = append(wrong, fmt.Sprintf("%d steps per doubling: use 1, 2, 4 or 8", steps))
	}
	if wrong != nil {
		return Classes{err: strings.Join(wrong, "; ")}
	}
	sizes := []int{min}
	for base := min; base < max; base *= 2 {
		for i := 1; i <= steps; i++ {
			sizes = append(sizes, base+base/steps*i)
		}
	}
	return Classes{sizes: sizes}
}

// Explicit returns a table of the given sizes, which must be positive and ascending.
func Explicit(sizes ...int) Classes {
	if len(sizes) == 0 {
		return Classes{err: "no sizes: give at least one"}
	}
	for i, s := range sizes {
		if s <= 0 {
			return Classes{err: fmt.Sprintf("size %d: sizes must be positive", s)}
		}
		if i > 0 && s <= sizes[i-1] {
			return Classes{err: fmt.Sprintf("size %d after %d: sizes must ascend", s, sizes[i-1])}
		}
	}
	return Classes{sizes: slices.Clone(sizes)}
}

// Sizes returns the sizes in ascending order, or nil if the table is invalid.
func (c Classes) Sizes() []int {
	if c.sizes == nil && c.err == "" {
		return PowersOfTwo(defaultMinClass, defaultMaxClass).sizes
	}
	return slices.Clone(c.sizes)
}

// String lists the sizes, or says what is wrong with them.
func (c Classes) String() string {
	if c.err != "" {
		return c.err
	}
	return fmt.Sprint(c.Sizes())
}

// table makes the lookup table, or reports why it cannot.
func (c Classes) table(p *problems) *classTable {
	p.AddIf(c.err != "", "Classes", "invalid", c.err)
	p.AddIf(len(c.sizes) > maxClasses, "Classes", fmt.Sprintf("%d classes", len(c.sizes)), fmt.Sprintf("use at most %d", maxClasses))
	switch {
	case c.err != "" || len(c.sizes) > maxClasses:
		return nil
	case c.sizes == nil:
		return defaultTable()
	default:
		return newClassTable(c.sizes)
	}
}

// defaultTable is what all pools share whose config names no classes.
var defaultTable = sync.OnceValue(func() *classTable { return newClassTable(Classes{}.Sizes()) })

// classTable finds the class of a size without a division or a search. Sizes
// are sorted into buckets as a floating-point number is into exponent and three
// bits of mantissa, 8 to a doubling; first holds each bucket's smallest class.
// In powers of two and geometric tables that is the class: they have at most one
// boundary a bucket, at its end. In an explicit table it may be the one after.
//
// What is given back is of a class's very size or of none, so its class is found
// by a hash that maps no two of the sizes alike, in two operations.
type classTable struct {
	multiplier uint64
	size       [1 << 7]int // of the classes, and of the two that are none
	first      [numBuckets]uint8
	hashed     [1 << hashBits]uint8
	sizes      []int // the classes only
}

const (
	numBuckets = 512
	hashBits   = 9

	noClass = 1<<7 - 2 // the class of what no class holds: 0 bytes
	noExact = 1<<7 - 1 // the class of what is of no class's size: -1 bytes
)

// allSlow is a table that finds nothing.
var allSlow = func() (t classTable) {
	for b := range t.first {
		t.first[b] = noClass
	}
	for h := range t.hashed {
		t.hashed[h] = noExact
	}
	t.size[noExact] = -1
	return t
}()

// clearing is the table for Get and Put of a pool that clears buffers: one that
// finds nothing where it does.
func (t *classTable) clearing(when Zeroing) *classTable {
	if when == ZeroNever {
		return t
	}
	c := *t
	if when == ZeroOnGet {
		c.first = allSlow.first
	} else {
		c.hashed = allSlow.hashed
	}
	return &c
}

func newClassTable(sizes []int) *classTable {
	t := allSlow
	t.sizes = sizes
	copy(t.size[:], sizes)
	for b := range t.first {
		if i, _ := slices.BinarySearch(sizes, bucketStart(b)); i < len(sizes) {
			t.first[b] = uint8(i)
		}
	}
	t.first[bucket(0)], t.first[bucket(1)] = 0, 0
	t.multiplier = 0x9E3779B97F4A7C15 // odd, and of no pattern
	for !t.fillHashed() {
		t.multiplier = t.multiplier*6364136223846793005 + 2
	}
	return &t
}

// fillHashed enters the sizes, and reports false if the multiplier maps two of them alike.
func (t *classTable) fillHashed() bool {
	t.hashed = allSlow.hashed
	for i, size := range t.sizes {
		h := hash(size, t.multiplier)
		if t.hashed[h] != noExact {
			return false
		}
		t.hashed[h] = uint8(i)
	}
	return true
}

func hash(size int, multiplier uint64) uint64 { return uint64(size) * multiplier >> (64 - hashBits) }

// exact is the class of the given size and size itself, or some class and its
// size.
func (t *classTable) exact(n int) (class, size int) {
	class = int(t.hashed[hash(n, t.multiplier)] & (1<<7 - 1))
	return class, t.size[class]
}

// bucket is the number of n's bucket: the lowest six bits of the exponent and the
// upper three of the mantissa of n-1 as a floating-point number, since the
// conversion is the shortest way to both. What has no place of its own (1, 0,
// negative numbers) falls among the others.
func bucket(n int) uint {
	return uint(math.Float64bits(float64(n-1))>>49) & (numBuckets - 1)
}

const firstBucket = 1023 << 3 // of 1.0

// bucketStart is the smallest n whose place is in bucket b.
func bucketStart(b int) int {
	b = (b - firstBucket) & (numBuckets - 1)
	e, m := b/8, b%8
	if e > 60 {
		return math.MaxInt
	}
	return int((uint64(8+m)<<e+7)/8) + 1
}

// find is the class that n most likely belongs to, and its size: if that is
// below n, as unsigned numbers, ask class.
func (t *classTable) find(n int) (class, size int) {
	class = int(t.first[bucket(n)] & (1<<7 - 1))
	return class, t.size[class]
}

// class is the smallest class that holds n bytes, if there is one.
func (t *classTable) class(n int) (class int, ok bool) {
	if n < 0 || n > t.largest() {
		return 0, false
	}
	class, size := t.find(n)
	for ; size < n; size = t.size[class] {
		class++
	}
	return class, true
}

// misfit is how the return of a buffer counts whose capacity is no class's.
func (t *classTable) misfit(capacity int) pool.ReturnResult {
	switch {
	case capacity == 0:
		return pool.NilReturn
	case capacity > t.largest():
		return pool.Oversize
	case capacity < t.sizes[0]:
		return pool.Undersize
	default:
		return pool.Foreign
	}
}

// largest is the size of the largest class.
func (t *classTable) largest() int { return t.sizes[len(t.sizes)-1] }

func (t *classTable) sizes64() []int64 {
	sizes := make([]int64, len(t.sizes))
	for i, s := range t.sizes {
		sizes[i] = int64(s)
	}
	return sizes
}

// doublings computes the classes of a table of powers of two. It is in the handle, a load nearer
// than the table. A table with steps between the powers takes two shifts by variable numbers
// more, which cost what they save.
type doublings struct {
	gets, puts uint   // Get and Put find the classes of 1 to so many bytes here
	below      uint32 // the smallest size, less 1
	bits       uint32 // its length
}

// doublings is empty for a table that has other sizes, or larger ones than 32 bits tell, and, as
// clearing, for the side on which the pool clears buffers.
func (t *classTable) doublings(when Zeroing) (d doublings) {
	for i, size := range t.sizes {
		if size != t.sizes[0]<<i || size&(size-1) != 0 || size > math.MaxInt32 {
			return d
		}
	}
	d.below = uint32(t.sizes[0] - 1)
	d.bits = uint32(bits.Len32(d.below))
	if when != ZeroOnGet {
		d.gets = uint(t.largest())
	}
	if when != ZeroOnPut {
		d.puts = uint(t.largest())
	}
	return d
}

// class is the smallest that holds more than n bytes, if there is one.
func (d *doublings) class(n uint) int { return bits.Len32(uint32(n)|d.below) - int(d.bits) }
