// Package config has what checking a config takes, for strategies, adaptive and
// poolconfig: a list of mistakes, and arithmetic on sizes that cannot overflow.
package config

import "math"

// Sum is a+b, or math.MaxInt64 if that is more than an int64 holds. Neither may
// be negative.
func Sum(a, b int64) int64 { return a + min(b, math.MaxInt64-a) }

// Product is a·b, or math.MaxInt64 if that is more than an int64 holds. Neither
// may be negative.
func Product(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

// Int is n as an int, and whether it fits: a 32-bit program cannot have a buffer
// of 5 GiB.
func Int(n int64) (int, bool) { return int(n), int64(int(n)) == n }
