package main

import (
	"runtime/metrics"
	"time"
)

// labResult is what one life of the service came to.
type labResult struct {
	Seconds   float64
	Requests  int
	P50, P99  time.Duration
	GCs       uint64
	GCShare   float64 // collecting, of the CPU time that there was, without:
	IdleShare float64 // marking on Ps that had nothing else to do
	Busy      float64 // seconds of CPU used, as the runtime reckons them
	ForcedGC  uint64  // asked for by the controller

	Gets, Misses uint64

	Runs  []uint64 // of the controller, by what they did
	Fault string   // why it stopped
}

// hits is the share of Gets that were served from the pool.
func (r *labResult) hits() float64 { return 1 - float64(r.Misses)/max(float64(r.Gets), 1) }

func (r *labResult) perSecond() float64 { return float64(r.Requests) / r.Seconds }

// used corrects the shares by the CPU time that the process had in truth. The
// runtime goes by the clock, and counts what other programs took meanwhile.
func (r *labResult) used(cpu time.Duration) {
	if part := cpu.Seconds() / max(r.Busy, 1e-9); part < 1 {
		r.GCShare *= part
		r.IdleShare *= part
	}
}

// meter reads the runtime's own counters.
type meter struct {
	start   time.Time
	samples [5]metrics.Sample
	before  [5]float64
}

func startMeasuring() *meter {
	m := &meter{start: time.Now()}
	for i, name := range [...]string{
		"/gc/cycles/total:gc-cycles", "/cpu/classes/gc/total:cpu-seconds",
		"/cpu/classes/gc/mark/idle:cpu-seconds", "/cpu/classes/total:cpu-seconds",
		"/cpu/classes/idle:cpu-seconds",
	} {
		m.samples[i].Name = name
	}
	m.before = m.read()
	return m
}

func (m *meter) read() (v [5]float64) {
	metrics.Read(m.samples[:])
	for i, s := range m.samples {
		if s.Value.Kind() == metrics.KindUint64 {
			v[i] = float64(s.Value.Uint64())
		} else {
			v[i] = s.Value.Float64()
		}
	}
	return v
}

// stop takes the latencies of all requests, sorted.
func (m *meter) stop(latencies []time.Duration) labResult {
	seconds := time.Since(m.start).Seconds()
	passed := m.read()
	for i := range passed {
		passed[i] -= m.before[i]
	}
	there := max(passed[3], 1e-9)
	return labResult{
		Seconds: seconds, Requests: len(latencies), P50: percentile(latencies, 50), P99: percentile(latencies, 99),
		GCs:     uint64(passed[0]),
		GCShare: (passed[1] - passed[2]) / there, IdleShare: passed[2] / there,
		Busy: passed[3] - passed[4],
	}
}

// percentile of a sorted list: the least value that so many per cent do not
// exceed.
func percentile(sorted []time.Duration, percent int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*percent+99)/100-1]
}
