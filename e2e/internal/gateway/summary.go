package gateway

import "time"

// Summary is the output of -summary-json: the gateway's own account of the run.
type Summary struct {
	Pools   map[string]Pool `json:"pools"`
	Run     Figures         `json:"run"`
	Steady  Figures         `json:"steady"` // without the first second
	Without *Figures        `json:"without_pooling"`
	Pooling bool            `json:"pooling"`
	Refused Refusals        `json:"refused"`

	Controller *Controller `json:"controller"` // nil without one
}

// Controller is the account of the controller that sized the pools.
type Controller struct {
	Level       string                        `json:"level"`
	Limit       *int64                        `json:"limit"`
	IdleBytes   int64                         `json:"idle_bytes"`
	KeptBytes   int64                         `json:"kept_bytes"`  // of them, under pressure
	Runs        map[string]uint64             `json:"runs"`        // by what they did
	Transitions map[string]uint64             `json:"transitions"` // by "level cause", without zeros
	ForcedGCs   uint64                        `json:"forced_gcs"`
	Regrets     uint64                        `json:"regrets"`
	Efficiency  float64                       `json:"efficiency"` // 0 is unknown
	Signals     map[string]Signal             `json:"signals"`
	Absent      map[string]string             `json:"absent_signals"` // and why
	IdleAges    map[string]map[string]float64 `json:"idle_ages"`      // seconds, by pool and size
}

// Signal is a reading of memory pressure.
type Signal struct {
	Value float64 `json:"value"`
	Age   float64 `json:"age_seconds"`
}

// Refusals are requests that were sent away, by reason.
type Refusals struct {
	TooLarge uint64 `json:"too_large"`
	Busy     uint64 `json:"busy"`
}

// Figures are the load's, and the runtime's.
type Figures struct {
	Seconds       float64       `json:"seconds"`
	Requests      uint64        `json:"requests"`
	Failed        uint64        `json:"failed"`
	Skipped       uint64        `json:"skipped"`
	Allocated     uint64        `json:"allocated_bytes"`
	GCs           uint64        `json:"gc_cycles"`
	Heap          uint64        `json:"heap_bytes"`
	P50           time.Duration `json:"latency_p50_ns"`
	P99           time.Duration `json:"latency_p99_ns"`
	PerRequest    float64       `json:"allocated_bytes_per_request"`
	GCsPerRequest float64       `json:"gc_cycles_per_request"`
}

// Pool is one pool's totals. What a pool cannot know is nil, or not in the map.
type Pool struct {
	Strategy       string            `json:"strategy"`
	Requests       map[string]uint64 `json:"requests"`
	Returns        map[string]uint64 `json:"returns"`
	Evictions      map[string]uint64 `json:"evictions"`
	EvictedBytes   map[string]uint64 `json:"evicted_bytes"`
	Allocations    uint64            `json:"allocations"`
	AllocatedBytes *uint64           `json:"allocated_bytes"`
	RequestedBytes *uint64           `json:"requested_bytes"`
	Idle           *int64            `json:"idle"`
	IdleBytes      *int64            `json:"idle_bytes"`
	InUse          *int64            `json:"in_use"`
	InUseBytes     *int64            `json:"in_use_bytes"`
	Limit          *int64            `json:"limit"`
	ObjectLimit    *int64            `json:"object_limit"`
	Grown          *uint64           `json:"grown"`
	Shrunk         *uint64           `json:"shrunk"`
	Pending        *int64            `json:"pending"`
	Misuse         map[string]uint64 `json:"misuse"`
	HitRatio       float64           `json:"hit_ratio"`
}
