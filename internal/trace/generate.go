package trace

import (
	"math"
	"math/rand/v2"
	"time"
)

// Generator makes one of the generated traces. The same seed makes the same
// trace.
type Generator struct {
	Name string
	Does string
	make func(*maker)
}

// Generators are the generated traces: common shapes of demand, and shapes on which
// policies are known to fail.
var Generators = []Generator{
	{"steady", "the same demand all the time", steady},
	{"diurnal", "demand that rises and falls over ten minutes", diurnal},
	{"spikes", "short bursts at random times over little else", spikes},
	{"one-off", "one burst of much memory that never comes again", oneOff},
	{"phase", "other sizes are in demand every five minutes", phase},
	{"heavytail", "sizes over five orders of magnitude, the giants rare", heavyTail},
	{"cron", "a burst every minute", cron},
	{"just-above-T", "a burst every 11 s: what is kept for 10 s is kept in vain", justAbove},
	{"mmpp", "demand that jumps between three rates at random", mmpp},
}

// Others are more generated traces, by which the figures of the nine are checked: demand that
// these do not have, and recordings do.
var Others = []Generator{
	{"heavy-gaps", "sources that come back after times with a heavy tail", heavyGaps},
	{"two-scales", "bursts every other second for a while, and every few minutes such a while", twoScales},
	{"turns", "a burst that comes back after 3 s or after 40, for twenty minutes each", turns},
}

// Operations are the trace's operations in order of time.
func (g *Generator) Operations(seed uint64) []Operation {
	m := &maker{rng: rand.New(rand.NewPCG(seed, hash(g.Name)))}
	g.make(m)
	sortOperations(m.ops)
	return m.ops
}

// Generate makes the trace with classes of powers of two.
func (g *Generator) Generate(seed uint64) *Trace {
	return New(g.Name, g.Operations(seed), PowersOfTwo)
}

func hash(s string) (h uint64) {
	for _, c := range []byte(s) {
		h = h*1099511628211 + uint64(c)
	}
	return h
}

// maker collects requests: objects taken at a time and held for another. Times
// are in seconds.
type maker struct {
	rng *rand.Rand
	ops []Operation
}

func (m *maker) request(at, hold float64, bytes int64) {
	m.ops = append(m.ops,
		Operation{At: seconds(at), Bytes: bytes},
		Operation{At: seconds(at + max(hold, 1e-6)), Bytes: bytes, Put: true})
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// poisson calls fn at the times of a Poisson process between two times, whose
// rate per second may vary up to most.
func (m *maker) poisson(from, to, most float64, rate func(at float64) float64, fn func(at float64)) {
	for at := from + m.rng.ExpFloat64()/most; at < to; at += m.rng.ExpFloat64() / most {
		if rate == nil || m.rng.Float64()*most < rate(at) {
			fn(at)
		}
	}
}

// burst is n requests within a spread of seconds, held for hold in the mean.
func (m *maker) burst(at float64, n int, spread, hold float64, bytes func() int64) {
	for range n {
		m.request(at+m.rng.Float64()*spread, m.exp(hold), bytes())
	}
}

func (m *maker) exp(mean float64) float64 { return m.rng.ExpFloat64() * mean }

// size is log-normal around a median, sigma doublings wide.
func (m *maker) size(median, sigma float64) int64 {
	return int64(max(median*math.Exp2(m.rng.NormFloat64()*sigma), 64))
}

func (m *maker) between(a, b int) int { return a + m.rng.IntN(b-a+1) }

// hour is the length of every trace: sixty times the longest break-even time
// examined, so that learning matters.
const hour = 3600

func steady(m *maker) {
	m.poisson(0, hour, 250, nil, func(at float64) { m.request(at, m.exp(0.05), m.size(16<<10, 0.5)) })
}

func diurnal(m *maker) {
	rate := func(at float64) float64 { return 160 - 140*math.Cos(2*math.Pi*at/600) }
	m.poisson(0, hour, 300, rate, func(at float64) { m.request(at, m.exp(0.1), m.size(16<<10, 0.5)) })
}

func spikes(m *maker) {
	bytes := func() int64 { return m.size(32<<10, 0.5) }
	m.poisson(0, hour, 100, nil, func(at float64) { m.request(at, m.exp(0.02), bytes()) })
	m.poisson(0, hour, 1./60, nil, func(at float64) { m.burst(at, m.between(50, 300), 0.5, 0.3, bytes) })
}

func oneOff(m *maker) {
	m.poisson(0, hour, 120, nil, func(at float64) { m.request(at, m.exp(0.1), m.size(32<<10, 0.5)) })
	m.burst(400, 2000, 2, 3, func() int64 { return 100 << 10 })
}

func phase(m *maker) {
	medians := []float64{2 << 10, 64 << 10, 8 << 10, 256 << 10, 16 << 10, 64 << 10}
	for i := range hour / 300 {
		from := float64(i) * 300
		m.poisson(from, from+300, 150, nil, func(at float64) { m.request(at, m.exp(0.1), m.size(medians[i%len(medians)], 0.4)) })
	}
}

func heavyTail(m *maker) {
	m.poisson(0, hour, 150, nil, func(at float64) {
		pareto := 2048 / math.Pow(1-m.rng.Float64(), 1/1.1)
		m.request(at, m.exp(0.05), int64(min(pareto, 16<<20)))
	})
}

func cron(m *maker) {
	m.poisson(0, hour, 15, nil, func(at float64) { m.request(at, m.exp(0.05), m.size(8<<10, 0.5)) })
	for at := 30.0; at < hour; at += 60 {
		m.burst(at+m.rng.Float64(), m.between(200, 300), 1, 2, func() int64 { return m.size(100<<10, 0.5) })
	}
}

func justAbove(m *maker) {
	m.poisson(0, hour, 10, nil, func(at float64) { m.request(at, m.exp(0.05), m.size(32<<10, 0.5)) })
	for at := 1.0; at < hour; at += 11 {
		m.burst(at+0.2*m.rng.Float64(), m.between(90, 110), 0.1, 0.2, func() int64 { return m.size(32<<10, 0.5) })
	}
}

func mmpp(m *maker) {
	rates := []float64{10, 60, 400}
	for at, state := 0.0, 1; at < hour; {
		dwell := m.exp([]float64{40, 20, 10}[state])
		end := min(at+dwell, hour)
		m.poisson(at, end, rates[state], nil, func(at float64) { m.request(at, m.exp(0.3), m.size(32<<10, 0.5)) })
		at, state = end, (state+m.between(1, 2))%3
	}
}

// heavyGaps has five sources for each size. Each takes a batch at intervals drawn
// from a Pareto distribution with a finite mean and an infinite variance.
func heavyGaps(m *maker) {
	for size := int64(1 << 10); size <= 4<<20; size *= 2 {
		for range 5 {
			shape, batch := 1.1+0.4*m.rng.Float64(), m.between(1, 40)
			for at := m.rng.Float64() * 60; at < hour; at += math.Pow(1-m.rng.Float64(), -1/shape) {
				m.burst(at, m.between(1, batch), 0.1, 0.1, func() int64 { return size })
			}
		}
	}
}

func twoScales(m *maker) {
	bytes := func() int64 { return m.size(32<<10, 0.5) }
	m.poisson(0, hour, 20, nil, func(at float64) { m.request(at, m.exp(0.05), bytes()) })
	for at := m.exp(60); at < hour; at += 60 + m.exp(180) {
		for end := at + 10 + m.exp(20); at < end; at += m.exp(2) {
			m.burst(at, m.between(20, 60), 0.2, 0.2, bytes)
		}
	}
}

func turns(m *maker) {
	bytes := func() int64 { return m.size(32<<10, 0.5) }
	m.poisson(0, hour, 20, nil, func(at float64) { m.request(at, m.exp(0.05), bytes()) })
	for at := 1.0; at < hour; {
		m.burst(at, m.between(50, 100), 0.2, 0.2, bytes)
		gap := 3.0
		if int(at/1200)%2 == 1 {
			gap = 40
		}
		at += gap * (0.8 + 0.4*m.rng.Float64())
	}
}
