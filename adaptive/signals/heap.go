package signals

import (
	"runtime/metrics"
	"time"
)

// Metrics that are named in more than one place.
const (
	heapCycles   = "/gc/cycles/total:gc-cycles"
	heapTotal    = "/memory/classes/total:bytes"
	heapReleased = "/memory/classes/heap/released:bytes"
)

// heapReader reads the runtime's own figures. It is for one goroutine.
type heapReader struct {
	samples []metrics.Sample
	at      map[string]int // where in samples, by name
	age     time.Duration
	cycles  uint64
	gc, cpu float64 // CPU seconds at the end of that cycle
	share   float64
}

func newHeapReader() *heapReader {
	h := &heapReader{at: make(map[string]int)}
	h.value(heapCycles)         // the runtime reads no empty list
	h.read(0, new(HeapReading)) // and samples has all that is read
	metrics.Read(h.samples)
	*h = heapReader{samples: h.samples, at: h.at, cycles: h.uint(heapCycles), gc: h.gcSeconds(), cpu: h.cpuSeconds()}
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
		Goal:         h.bytes("/gc/heap/goal:bytes"),
		Limit:        h.bytes("/gc/gomemlimit:bytes"),
		Cycles:       h.cycles,
		LimiterCycle: h.uint("/gc/limiter/last-enabled:gc-cycle"),
		GCCPU:        h.share,
		Stacks:       h.bytes("/memory/classes/heap/stacks:bytes", "/memory/classes/os-stacks:bytes"),
		Metadata: h.bytes(
			"/memory/classes/metadata/mcache/inuse:bytes", "/memory/classes/metadata/mcache/free:bytes",
			"/memory/classes/metadata/mspan/inuse:bytes", "/memory/classes/metadata/mspan/free:bytes",
			"/memory/classes/metadata/other:bytes",
		),
		Other:     h.bytes("/memory/classes/profiling/buckets:bytes", "/memory/classes/other:bytes"),
		Footprint: h.bytes(heapTotal) - h.bytes(heapReleased),
		Free:      h.bytes("/memory/classes/heap/free:bytes"),
		Released:  h.bytes(heapReleased),
	}
}

// endCycle takes the figures that change at a collection's end only.
func (h *heapReader) endCycle(cycles uint64) {
	gc, cpu := h.gcSeconds(), h.cpuSeconds()
	if cpu > h.cpu {
		h.share = min(max((gc-h.gc)/(cpu-h.cpu), 0), 1)
	}
	h.age, h.cycles, h.gc, h.cpu = 0, cycles, gc, cpu
}

// live is what the last collection found reachable. Until one has ended the
// runtime has a guess of its own there; nothing was freed yet, so all that was
// allocated is what is certain.
func (h *heapReader) live() int64 {
	objects, live := h.bytes("/memory/classes/heap/objects:bytes"), h.bytes("/gc/heap/live:bytes")
	if h.cycles == 0 {
		return objects
	}
	return live
}

// gcSeconds leaves out marking on Ps that had nothing else to do.
func (h *heapReader) gcSeconds() float64 {
	return h.float("/cpu/classes/gc/total:cpu-seconds") - h.float("/cpu/classes/gc/mark/idle:cpu-seconds")
}

func (h *heapReader) cpuSeconds() float64 { return h.float("/cpu/classes/total:cpu-seconds") }

func (h *heapReader) bytes(metrics ...string) int64 {
	var sum uint64
	for _, m := range metrics {
		sum += h.uint(m)
	}
	return int64(min(sum, uint64(NoLimit)))
}

// uint is 0, and float too, for a metric that the runtime no longer has: a test
// holds that it has all of them.
func (h *heapReader) uint(metric string) uint64 {
	if v := h.value(metric); v.Kind() == metrics.KindUint64 {
		return v.Uint64()
	}
	return 0
}

func (h *heapReader) float(metric string) float64 {
	if v := h.value(metric); v.Kind() == metrics.KindFloat64 {
		return v.Float64()
	}
	return 0
}

// value is a metric as it was read last; one that is new to samples is read now.
func (h *heapReader) value(metric string) metrics.Value {
	i, known := h.at[metric]
	if !known {
		i = len(h.samples)
		h.at[metric], h.samples = i, append(h.samples, metrics.Sample{Name: metric})
		metrics.Read(h.samples[i:])
	}
	return h.samples[i].Value
}
