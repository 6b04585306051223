package signals

import (
	"runtime/metrics"
	"time"
)

// heapMetrics name what a heapReader reads; each is known by its index.
var heapMetrics []string

func heapMetric(name string) (index int) {
	heapMetrics = append(heapMetrics, name)
	return len(heapMetrics) - 1
}

var (
	heapLive      = heapMetric("/gc/heap/live:bytes")
	heapGoal      = heapMetric("/gc/heap/goal:bytes")
	heapLimit     = heapMetric("/gc/gomemlimit:bytes")
	heapCycles    = heapMetric("/gc/cycles/total:gc-cycles")
	heapLimiter   = heapMetric("/gc/limiter/last-enabled:gc-cycle")
	heapGC        = heapMetric("/cpu/classes/gc/total:cpu-seconds")
	heapGCIdle    = heapMetric("/cpu/classes/gc/mark/idle:cpu-seconds")
	heapCPU       = heapMetric("/cpu/classes/total:cpu-seconds")
	heapObjects   = heapMetric("/memory/classes/heap/objects:bytes")
	heapStacks    = heapMetric("/memory/classes/heap/stacks:bytes")
	heapOSStacks  = heapMetric("/memory/classes/os-stacks:bytes")
	heapMCache    = heapMetric("/memory/classes/metadata/mcache/inuse:bytes")
	heapMCacheOff = heapMetric("/memory/classes/metadata/mcache/free:bytes")
	heapMSpan     = heapMetric("/memory/classes/metadata/mspan/inuse:bytes")
	heapMSpanOff  = heapMetric("/memory/classes/metadata/mspan/free:bytes")
	heapMetadata  = heapMetric("/memory/classes/metadata/other:bytes")
	heapProfiling = heapMetric("/memory/classes/profiling/buckets:bytes")
	heapOther     = heapMetric("/memory/classes/other:bytes")
	heapTotal     = heapMetric("/memory/classes/total:bytes")
	heapReleased  = heapMetric("/memory/classes/heap/released:bytes")
	heapFree      = heapMetric("/memory/classes/heap/free:bytes")
)

// heapReader reads the runtime's own figures. It is for one goroutine.
type heapReader struct {
	samples []metrics.Sample
	age     time.Duration
	cycles  uint64
	gc, cpu float64 // CPU seconds at the end of that cycle
	share   float64
}

func newHeapReader() *heapReader {
	h := &heapReader{samples: make([]metrics.Sample, len(heapMetrics))}
	for i, name := range heapMetrics {
		h.samples[i].Name = name
	}
	metrics.Read(h.samples)
	h.cycles, h.gc, h.cpu = h.uint(heapCycles), h.gcSeconds(), h.float(heapCPU)
	return h
}

func (h *heapReader) read(passed time.Duration, into *HeapReading) {
	metrics.Read(h.samples)
	h.age += passed
	if cycles := h.uint(heapCycles); cycles != h.cycles {
		h.endCycle(cycles)
	}
	*into = HeapReading{
		Status:       Status{Age: h.age},
		Live:         h.live(),
		Goal:         h.bytes(heapGoal),
		Limit:        h.bytes(heapLimit),
		Cycles:       h.cycles,
		LimiterCycle: h.uint(heapLimiter),
		GCCPU:        h.share,
		Stacks:       h.bytes(heapStacks, heapOSStacks),
		Metadata:     h.bytes(heapMCache, heapMCacheOff, heapMSpan, heapMSpanOff, heapMetadata),
		Other:        h.bytes(heapProfiling, heapOther),
		Footprint:    h.bytes(heapTotal) - h.bytes(heapReleased),
		Free:         h.bytes(heapFree),
		Released:     h.bytes(heapReleased),
	}
}

// endCycle takes the figures that change at a collection's end only.
func (h *heapReader) endCycle(cycles uint64) {
	gc, cpu := h.gcSeconds(), h.float(heapCPU)
	if cpu > h.cpu {
		h.share = min(max((gc-h.gc)/(cpu-h.cpu), 0), 1)
	}
	h.age, h.cycles, h.gc, h.cpu = 0, cycles, gc, cpu
}

// live is what the last collection found reachable. Until one has ended the
// runtime has a guess of its own there; nothing was freed yet, so all that was
// allocated is what is certain.
func (h *heapReader) live() int64 {
	if h.cycles == 0 {
		return h.bytes(heapObjects)
	}
	return h.bytes(heapLive)
}

// gcSeconds leaves out marking on Ps that had nothing else to do.
func (h *heapReader) gcSeconds() float64 { return h.float(heapGC) - h.float(heapGCIdle) }

func (h *heapReader) bytes(metrics ...int) int64 {
	var sum uint64
	for _, m := range metrics {
		sum += h.uint(m)
	}
	return int64(min(sum, uint64(NoLimit)))
}

// uint is 0, and float too, for a metric that the runtime no longer has: a test
// holds that it has all of them.
func (h *heapReader) uint(metric int) uint64 {
	if v := h.samples[metric].Value; v.Kind() == metrics.KindUint64 {
		return v.Uint64()
	}
	return 0
}

func (h *heapReader) float(metric int) float64 {
	if v := h.samples[metric].Value; v.Kind() == metrics.KindFloat64 {
		return v.Float64()
	}
	return 0
}
