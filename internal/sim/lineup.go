package sim

import (
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// Entrant is a policy of the comparison.
type Entrant struct {
	Name string
	Does string
	New  func(t *trace.Trace) Rival
	// Foresees says that the policy was told the whole trace, and cannot be had.
	Foresees bool
}

// Rivals are the policies to compare with at a break-even time.
func Rivals(breakEven time.Duration) []Entrant {
	sized := func(fn func(sizes []int64) Rival) func(*trace.Trace) Rival {
		return func(t *trace.Trace) Rival { return fn(t.Sizes) }
	}
	cap := func(n int) func(*trace.Trace) Rival {
		return sized(func(sizes []int64) Rival { return Capped(sizes, Same(sizes, n)) })
	}
	low := func(every time.Duration, share float64) func(*trace.Trace) Rival {
		return sized(func(sizes []int64) Rival { return LowWater(sizes, every, share) })
	}
	idle := func(age time.Duration) func(*trace.Trace) Rival {
		return sized(func(sizes []int64) Rival { return Timeout(sizes, age) })
	}
	return []Entrant{
		{Name: "unlimited", Does: "keeps everything", New: sized(Unlimited)},
		{Name: "none", Does: "keeps nothing", New: cap(0)},
		{Name: "cap 16", Does: "at most 16 objects a class", New: cap(16)},
		{Name: "cap 64", Does: "at most 64 objects a class", New: cap(64)},
		{
			Name: "best static cap", Does: "the constant sizes that hindsight shows to be best", Foresees: true,
			New: func(t *trace.Trace) Rival { return Capped(t.Sizes, BestSizes(t, breakEven)) },
		},
		{Name: "sync.Pool-like", Does: "drops what two collections found unused", New: sized(SyncPool)},
		{Name: ".NET-like", Does: "ArrayPool.Shared: bounded stacks, trimmed by collections after a minute", New: sized(DotNET)},
		{Name: "tcmalloc-like 60/300", Does: "keeps what the demand of one and five minutes asks for", New: sized(DemandBased)},
		{Name: "low-water all", Does: "drops every 5 s what was not used since the last time", New: low(5*time.Second, 1)},
		{Name: "low-water half", Does: "drops every 5 s half of it", New: low(5*time.Second, 0.5)},
		{Name: "timeout T", Does: "drops what was not used for T", New: idle(breakEven)},
		{Name: "timeout T/2", Does: "drops what was not used for T/2", New: idle(breakEven / 2)},
	}
}
