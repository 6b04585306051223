package strategies

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestClassIsTheSmallestThatHoldsTheSize(t *testing.T) {
	tables := []Classes{
		{}, PowersOfTwo(8, 1<<29), Geometric(64, 1<<20, 4), Geometric(8, 1<<10, 8), Explicit(1), Explicit(3, 4, 5, 6, 1000, 1001, 1<<30),
	}
	for _, c := range tables {
		var p problems
		table := c.table(&p)
		if table == nil {
			t.Fatal(p.Err())
		}
		computed := table.doublings(ZeroNever)
		check := func(n int) {
			want := slices.IndexFunc(table.sizes, func(s int) bool { return s >= n && n >= 0 })
			got, ok := table.class(n)
			if !ok {
				got = -1
			}
			if got != want {
				t.Fatalf("%v: class(%d) = %d, want %d", c, n, got, want)
			}
			if class, size := table.find(n); uint(size) >= uint(n) && class != want {
				t.Fatalf("%v: find(%d) = %d, want %d or a smaller size", c, n, class, want)
			}
			if less := uint(n - 1); less < computed.gets && computed.class(less) != want {
				t.Fatalf("%v: the class of %d is computed as %d, want %d", c, n, computed.class(less), want)
			}
		}
		for n := range 5000 {
			check(n)
		}
		for _, s := range table.sizes {
			check(s - 1)
			check(s)
			check(s + 1)
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 10_000 {
			check(int(r.Uint64()) & math.MaxInt >> r.IntN(60))
		}
		for _, n := range []int{-1, math.MinInt, math.MaxInt} {
			check(n)
		}
	}
}

func TestGeometricWastesAtMostOneStep(t *testing.T) {
	for _, steps := range []int{1, 2, 4, 8} {
		sizes := Geometric(64, 1<<16, steps).Sizes()
		for i := 1; i < len(sizes); i++ {
			asked := sizes[i-1] + 1
			if waste := float64(sizes[i]-asked) / float64(asked); waste > 1/float64(steps) {
				t.Errorf("%d steps: %d bytes get %d, %.0f %% more", steps, asked, sizes[i], 100*waste)
			}
		}
	}
}

func TestWrongClassTablesSayWhatIsRight(t *testing.T) {
	for want, c := range map[string]Classes{
		"no sizes":         Explicit(),
		"must be positive": Explicit(0, 4),
		"must ascend":      Explicit(8, 4),
		"power of two":     PowersOfTwo(100, 1000),
		"above max":        PowersOfTwo(1024, 256),
		"1, 2, 4 or 8":     Geometric(256, 1024, 3),
		"at most":          Geometric(8, 1<<29, 8),

		"min 100: use a power of two, at least 8; max -50: use a power of two; " +
			"min 100 is above max -50: swap them; 3 steps": Geometric(100, -50, 3),
	} {
		var p problems
		if c.table(&p) != nil || p.Err() == nil || !strings.Contains(p.Err().Error(), want) {
			t.Errorf("error %v, want one that says %q", p.Err(), want)
		}
	}
}

func TestClassesOfPowersOfTwoAreComputedWhereNothingIsCleared(t *testing.T) {
	for _, tt := range []struct {
		of         Classes
		when       Zeroing
		gets, puts uint
	}{
		{Classes{}, ZeroNever, 1 << 20, 1 << 20},
		{Classes{}, ZeroOnGet, 0, 1 << 20},
		{Classes{}, ZeroOnPut, 1 << 20, 0},
		{Explicit(8, 16, 32), ZeroNever, 32, 32},
		{Explicit(1), ZeroNever, 1, 1},
		{Explicit(8, 32), ZeroNever, 0, 0},
		{Explicit(7, 14), ZeroNever, 0, 0},
		{Geometric(8, 64, 2), ZeroNever, 0, 0},
	} {
		if d := newClassTable(tt.of.Sizes()).doublings(tt.when); d.gets != tt.gets || d.puts != tt.puts {
			t.Errorf("%v, zeroing %d: computed for Get up to %d and for Put up to %d, want %d and %d", tt.of, tt.when, d.gets,
				d.puts, tt.gets, tt.puts)
		}
	}
}
