package poolz

import (
	"cmp"
	"slices"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// sizePoint is the hit ratio that a pool would have had if it had held Bytes
// more than it did, or less if negative.
type sizePoint struct {
	Bytes    int64   `json:"bytes"`
	HitRatio float64 `json:"hit_ratio"`
}

// step is a change of one class's size and the hits that it brings or costs.
type step struct{ bytes, hits float64 }

func (s step) slope() float64 { return s.hits / s.bytes }

// whatIf merges the curves of a pool's classes into one: added bytes go first
// to the class where they bring most hits, and bytes are taken first from the
// class where they cost fewest. The curve ends where knowledge ends: upwards
// where the last miss would be a hit, downwards at what the classes hold idle
// now.
//
// Each class's curve is replaced by its convex hull, since a step that brings
// nothing can lie before one that brings much; the merge of hulls by slope is
// then the best division at each of its points (Fox 1966, greedy marginal
// allocation).
func whatIf(c *control.Curve, s *pool.Stats) []sizePoint {
	var hits, total uint64
	var up, down []step
	for i := range c.Classes {
		class := &c.Classes[i]
		hits += class.Hits
		total += class.Hits + class.Misses
		up = append(up, hull(class.Size, &class.Saved, 1)...)
		down = append(down, dropping(class, idleBytes(s, i))...)
	}
	if total == 0 {
		return nil
	}
	slices.SortStableFunc(up, func(a, b step) int { return cmp.Compare(b.slope(), a.slope()) })
	slices.SortStableFunc(down, func(a, b step) int { return cmp.Compare(a.slope(), b.slope()) })
	curve := walk(down, float64(hits), float64(total), -1)
	slices.Reverse(curve)
	curve = append(curve, sizePoint{0, float64(hits) / float64(total)})
	return append(curve, walk(up, float64(hits), float64(total), 1)...)
}

// idleBytes is what class i of a curve holds; a pool without classes is one.
func idleBytes(s *pool.Stats, i int) float64 {
	if i < len(s.Classes) {
		return float64(s.Classes[i].IdleBytes)
	}
	return float64(s.IdleBytes)
}

// hull returns a class's steps from now outwards, as far as they are known,
// joined until their slopes fall (sign 1) or rise (sign −1).
func hull(size int64, bins *[control.NumCurve]uint64, sign float64) (steps []step) {
	known := control.NumCurve
	for known > 0 && bins[known-1] == 0 {
		known--
	}
	for k, n := range bins[:known] {
		s := step{float64(max(size, 1)) * float64(uint64(1)<<k), float64(n)}
		for len(steps) > 0 && sign*(s.slope()-steps[len(steps)-1].slope()) >= 0 {
			last := steps[len(steps)-1]
			s = step{s.bytes + last.bytes, s.hits + last.hits}
			steps = steps[:len(steps)-1]
		}
		steps = append(steps, s)
	}
	return steps
}

// dropping returns the steps by which a class can drop its idle bytes. A class
// that never had a hit loses none.
func dropping(c *control.ClassCurve, held float64) (steps []step) {
	if c.Hits == 0 && held > 0 {
		return []step{{held, 0}}
	}
	for _, s := range hull(c.Size, &c.Lost, -1) {
		if s.bytes > held {
			s = step{held, s.hits * held / s.bytes}
		}
		if s.bytes <= 0 {
			break
		}
		held -= s.bytes
		steps = append(steps, s)
	}
	return steps
}

// walk adds up steps outwards from now, in the direction of sign, where hits of
// total requests are hits.
func walk(steps []step, hits, total, sign float64) (curve []sizePoint) {
	var sum step
	for _, s := range steps {
		sum.bytes += s.bytes
		sum.hits += s.hits
		ratio := (hits + sign*sum.hits) / total
		curve = append(curve, sizePoint{int64(sign * sum.bytes), min(max(ratio, 0), 1)})
	}
	return curve
}

// ratioAt reads a curve between its points, and at its ends beyond them.
func ratioAt(curve []sizePoint, bytes int64) float64 {
	i, found := slices.BinarySearchFunc(curve, bytes, func(p sizePoint, b int64) int { return cmp.Compare(p.Bytes, b) })
	switch {
	case found, i == 0:
		return curve[i].HitRatio
	case i == len(curve):
		return curve[i-1].HitRatio
	}
	a, b := curve[i-1], curve[i]
	share := float64(bytes-a.Bytes) / float64(b.Bytes-a.Bytes)
	return a.HitRatio + share*(b.HitRatio-a.HitRatio)
}
