package config_test

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/otelpool/pool/internal/config"
)

func TestSumsAndProductsEndAtTheLargestNumber(t *testing.T) {
	t.Parallel()
	numbers := []int64{0, 1, 2, 3, 1 << 10, 1 << 31, 1<<32 - 1, 1 << 54, 1<<62 - 1, 1 << 62, math.MaxInt64 - 1, math.MaxInt64}
	largest := big.NewInt(math.MaxInt64)
	capped := func(exact *big.Int) int64 {
		if exact.Cmp(largest) > 0 {
			return math.MaxInt64
		}
		return exact.Int64()
	}
	for _, a := range numbers {
		for _, b := range numbers {
			x, y := big.NewInt(a), big.NewInt(b)
			if got, want := config.Sum(a, b), capped(new(big.Int).Add(x, y)); got != want {
				t.Errorf("%d + %d = %d, want %d", a, b, got, want)
			}
			if got, want := config.Product(a, b), capped(new(big.Int).Mul(x, y)); got != want {
				t.Errorf("%d · %d = %d, want %d", a, b, got, want)
			}
		}
	}
}

func TestAnIntHoldsWhatTheProgramCanAddress(t *testing.T) {
	t.Parallel()
	for n, fits := range map[int64]bool{
		0: true, math.MaxInt32: true, math.MaxInt32 + 1: strconv.IntSize == 64, 5 << 30: strconv.IntSize == 64,
		math.MaxInt64: strconv.IntSize == 64,
	} {
		if got, ok := config.Int(n); ok != fits || fits && int64(got) != n {
			t.Errorf("%d is %d, %v; want %v", n, got, ok, fits)
		}
	}
}
