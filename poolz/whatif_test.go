package poolz_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolz"
)

// randomCurve is a curve of a few classes with a few bins, and the pool's state.
func randomCurve(r *rand.Rand) (c control.Curve, s pool.Stats) {
	for i := range 1 + r.IntN(3) {
		class := control.ClassCurve{Size: 64 << (2 * i)}
		for k := range 4 {
			class.Saved[k], class.Lost[k] = uint64(r.IntN(20)), uint64(r.IntN(20))
			class.Misses += class.Saved[k]
			class.Hits += class.Lost[k]
		}
		class.Misses += uint64(r.IntN(20))
		c.Classes = append(c.Classes, class)
		held := class.Size * int64(r.IntN(40))
		s.Classes = append(s.Classes, pool.Class{Size: class.Size, Counts: pool.Counts{IdleBytes: held}})
		s.IdleBytes += held
	}
	return c, s
}

// No division of bytes among the classes beats the curve at its points, tried
// by brute force over whole bins.
func TestCurveIsTheBestDivisionOfBytes(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		c, s := randomCurve(r)
		curve := poolz.WhatIf(&c, &s)
		var hits, total float64
		for _, class := range c.Classes {
			hits += float64(class.Hits)
			total += float64(class.Hits + class.Misses)
		}
		if total == 0 {
			continue
		}
		for i, p := range curve {
			if i > 0 && (p.HitRatio < curve[i-1].HitRatio || p.Bytes < curve[i-1].Bytes) {
				t.Fatalf("falls at %d: %v", i, curve)
			}
			if p.Bytes == 0 && math.Abs(p.HitRatio-hits/total) > 1e-9 {
				t.Fatalf("%v now, want %v", p.HitRatio, hits/total)
			}
		}
		divide(&c, 0, 0, hits, func(bytes int64, won float64) {
			if got := poolz.RatioAt(curve, bytes); got < won/total-1e-9 {
				t.Fatalf("the curve has %v at %d bytes, a division of them wins %v: %v", got, bytes, won/total, curve)
			}
		})
		if least := curve[0].Bytes; least < -s.IdleBytes {
			t.Fatalf("the curve gives up %d bytes of %d held", -least, s.IdleBytes)
		}
	}
}

// divide calls fn with the bytes and hits of every choice of bins.
func divide(c *control.Curve, class int, bytes int64, hits float64, fn func(bytes int64, hits float64)) {
	if class == len(c.Classes) {
		fn(bytes, hits)
		return
	}
	for k := range 5 {
		divide(c, class+1, bytes, hits, fn)
		if k < 4 {
			bytes += c.Classes[class].Size << k
			hits += float64(c.Classes[class].Saved[k])
		}
	}
}

func TestCurveOfNothingIsNone(t *testing.T) {
	t.Parallel()
	for _, c := range []control.Curve{{}, {Classes: make([]control.ClassCurve, 2)}} {
		if got := poolz.WhatIf(&c, new(pool.Stats)); got != nil {
			t.Errorf("%v", got)
		}
	}
}

func TestCurveKnowsWhereItEnds(t *testing.T) {
	t.Parallel()
	c := control.Curve{Classes: []control.ClassCurve{{Size: 100, Hits: 60, Misses: 40}}}
	c.Classes[0].Saved[2] = 30 // 7 more objects
	c.Classes[0].Lost[1] = 20  // 3 fewer
	got := poolz.WhatIf(&c, &pool.Stats{Counts: pool.Counts{IdleBytes: 10_000}})
	want := []poolz.SizePoint{
		{Bytes: -300, HitRatio: 0.4},
		{Bytes: -100, HitRatio: 0.6},
		{Bytes: 0, HitRatio: 0.6},
		{Bytes: 700, HitRatio: 0.9},
	}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
