package bench_test

import (
	"math/bits"
	"runtime/metrics"
	"testing"
)

// gcWatch reports, besides time and allocations, requests per second, garbage
// collections per second and the collector's share of the processor time that
// was not idle. The runtime brings that share up to date at the end of each
// collection.
type gcWatch struct{ samples, before []metrics.Sample }

func newGCWatch(b *testing.B) *gcWatch {
	b.ReportAllocs()
	w := &gcWatch{samples: []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/cpu/classes/total:cpu-seconds"},
		{Name: "/cpu/classes/idle:cpu-seconds"},
	}}
	metrics.Read(w.samples)
	w.before = append(w.before, w.samples...)
	b.ResetTimer()
	return w
}

func (w *gcWatch) report(b *testing.B) {
	b.StopTimer()
	metrics.Read(w.samples)
	since := func(i int) float64 { return w.samples[i].Value.Float64() - w.before[i].Value.Float64() }
	cycles := w.samples[0].Value.Uint64() - w.before[0].Value.Uint64()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(cycles)/b.Elapsed().Seconds(), "gcs/s")
	if busy := since(2) - since(3); busy > 0 {
		b.ReportMetric(100*since(1)/busy, "gc-cpu-%")
	}
}

// classOf is the class of a size among powers of two from 256 on.
func classOf(size int) int { return bits.Len(uint(size-1) >> 8) }
