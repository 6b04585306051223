package benchcase

import (
	"math"
	"math/rand/v2"
)

const (
	smallest = 64
	largest  = 64 << 10
	howMany  = 1024
)

// Sizes is a fixed sequence of 1,024 sizes between 64 B and 64 KiB, most of them
// small: like sizes of network messages and documents, they follow a Pareto
// distribution, with the chance of exceeding x falling as x to the power of -0.6,
// cut at 64 KiB.
func Sizes() []int {
	const shape = 0.6
	r := rand.New(rand.NewPCG(1, 2))
	sizes := make([]int, howMany)
	for i := range sizes {
		x := smallest * math.Pow(1-r.Float64(), -1/shape)
		sizes[i] = int(min(x, largest))
	}
	return sizes
}
