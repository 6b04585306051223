package main

import (
	"runtime/metrics"
	"time"
)

// reading is the runtime's and the traffic's figures at one moment.
type reading struct {
	at       time.Time
	alloc    uint64 // bytes allocated since the process began
	gcs      uint64
	heap     uint64 // bytes of live and not yet swept objects
	answered uint64
	failed   uint64
	skipped  uint64
	latency  latencyCounts
}

// meter takes readings without allocating more than they need.
type meter struct {
	samples []metrics.Sample
	traffic *traffic
}

func newMeter(t *traffic) *meter {
	return &meter{traffic: t, samples: []metrics.Sample{
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/memory/classes/heap/objects:bytes"},
	}}
}

func (m *meter) read() reading {
	metrics.Read(m.samples)
	r := reading{
		at:    time.Now(),
		alloc: m.samples[0].Value.Uint64(),
		gcs:   m.samples[1].Value.Uint64(),
		heap:  m.samples[2].Value.Uint64(),
	}
	t := m.traffic
	r.answered, r.failed, r.skipped, r.latency = t.answered.Load(), t.failed.Load(), t.skipped.Load(), t.latency.counts()
	return r
}

// figures are what happened between two readings.
type figures struct {
	Seconds       float64       `json:"seconds"`
	Requests      uint64        `json:"requests"`
	Failed        uint64        `json:"failed"`
	Skipped       uint64        `json:"skipped"`
	Allocated     uint64        `json:"allocated_bytes"`
	GCs           uint64        `json:"gc_cycles"`
	Heap          uint64        `json:"heap_bytes"` // at the end, or the mean
	P50           time.Duration `json:"latency_p50_ns"`
	P99           time.Duration `json:"latency_p99_ns"`
	PerRequest    float64       `json:"allocated_bytes_per_request"`
	GCsPerRequest float64       `json:"gc_cycles_per_request"`
}

func between(a, b reading) figures {
	latency := b.latency.since(a.latency)
	f := figures{
		Seconds:   b.at.Sub(a.at).Seconds(),
		Requests:  b.answered - a.answered,
		Failed:    b.failed - a.failed,
		Skipped:   b.skipped - a.skipped,
		Allocated: b.alloc - a.alloc,
		GCs:       b.gcs - a.gcs,
		Heap:      b.heap,
		P50:       latency.quantile(0.50),
		P99:       latency.quantile(0.99),
	}
	if n := f.Requests + f.Failed; n > 0 { // a refused request allocates too
		f.PerRequest = float64(f.Allocated) / float64(n)
		f.GCsPerRequest = float64(f.GCs) / float64(n)
	}
	return f
}

// perSecond is a number of events over the time.
func (f figures) perSecond(n uint64) float64 {
	if f.Seconds <= 0 {
		return 0
	}
	return float64(n) / f.Seconds
}
