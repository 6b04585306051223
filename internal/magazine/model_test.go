package magazine

import (
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/percpu"
)

// model is what a pool looks like to the one goroutine that uses it: which
// objects it could hold, and how many times what was done.
type model struct {
	t       *testing.T
	p       *Pool
	sizes   []int64
	inside  map[unsafe.Pointer]*object // put and neither taken nor discarded
	out     []*object
	counts  pool.Counts
	now     time.Time
	reserve int64
	limit   int64
}

func (m *model) discard(x unsafe.Pointer) {
	if m.inside[x] == nil {
		m.t.Fatal("an object was discarded that the pool did not have")
	}
	delete(m.inside, x)
}

func (m *model) get(class int) {
	c := m.p.At(percpu.Pin(), class)
	var x unsafe.Pointer
	if m.sizes[0] == 0 {
		x = c.TakeSized()
	} else {
		x = c.Take()
	}
	if x != nil {
		c.Count(1)
	}
	c.Leave()
	if x == nil {
		x, _ = m.p.Get(class, 1)
	}
	o := m.inside[x]
	switch {
	case x == nil:
		o = &object{class: class, size: 1 + rand.Int64N(2000)}
		m.counts.Requests[pool.Miss]++
	case o == nil:
		m.t.Fatal("an object was handed out that the pool did not have")
	case o.class != class:
		m.t.Fatal("an object of another class")
	default:
		m.counts.Requests[pool.Hit]++
		delete(m.inside, x)
	}
	m.out = append(m.out, o)
}

func (m *model) put() {
	last := len(m.out) - 1
	if last < 0 {
		return
	}
	o := m.out[last]
	m.out = m.out[:last]
	x := unsafe.Pointer(o)
	m.inside[x] = o
	c := m.p.At(percpu.Pin(), o.class)
	var kept bool
	if m.sizes[0] == 0 {
		kept = c.GiveSized(x, o.size)
	} else {
		kept = c.Give(x)
	}
	c.Leave()
	if !kept {
		m.p.Put(o.class, x, o.size)
	}
}

// step does one thing at random.
func (m *model) step(r *rand.Rand) {
	switch n := r.IntN(1000); {
	case n < 480:
		m.get(r.IntN(len(m.sizes)))
	case n < 960:
		m.put()
	case n < 965:
		m.p.Trim(r.Int64N(1<<14), pool.EvictPressure)
	case n < 968:
		m.limit = m.p.SetLimit(r.Int64N(256 << 10))
	case n < 972:
		m.p.SetIdleAge(r.IntN(len(m.sizes)), time.Duration(r.IntN(4))*time.Second)
	case n < 974:
		m.reserve = r.Int64N(1<<14) * r.Int64N(8)
		m.p.SetReserve(m.reserve)
	case n < 976:
		m.p.flush()
	case n < 980:
		m.p.Budget().SetLimit(r.Int64N(256 << 10))
		m.reserves(func() { m.p.Budget().Reclaim() })
	case n < 984:
		class := r.IntN(len(m.sizes))
		warmed := m.p.Warm(class, r.IntN(5), func() (unsafe.Pointer, int64) {
			o := &object{class: class, size: 1 + r.Int64N(2000)}
			m.inside[unsafe.Pointer(o)] = o
			return unsafe.Pointer(o), o.size
		})
		m.counts.Prewarmed += uint64(warmed)
	default:
		m.now = m.now.Add(time.Duration(r.IntN(1500)-100) * time.Millisecond)
		var d control.Demand
		if r.IntN(2) == 0 {
			m.p.Age(m.now)
		}
		m.reserves(func() { m.p.Demand(m.now, &d) })
	}
}

// reserves fails the test if f drops what is reserved.
func (m *model) reserves(f func()) {
	m.t.Helper()
	_, before := m.p.Held()
	f()
	if _, after := m.p.Held(); after < min(before, m.reserve) {
		m.t.Fatalf("%d bytes are left of %d, %d are reserved", after, before, m.reserve)
	}
}

// check compares what the pool says and holds with the model.
func (m *model) check() {
	t := m.t
	t.Helper()
	objects, bytes := m.p.Held()
	var want int64
	for _, o := range m.inside {
		if m.sizes[0] == 0 {
			want += o.size
		} else {
			want += m.sizes[o.class]
		}
	}
	if objects != int64(len(m.inside)) || bytes != want {
		t.Fatalf("%d objects, %d bytes held; want %d, %d", objects, bytes, len(m.inside), want)
	}
	var s pool.Stats
	m.p.Stats(&s)
	if s.Idle != objects || s.IdleBytes != bytes || s.InUse != int64(len(m.out)) {
		t.Fatalf("Stats: %d idle, %d bytes, %d in use; want %d, %d, %d", s.Idle, s.IdleBytes, s.InUse, objects, bytes, len(m.out))
	}
	if s.Requests[pool.Hit] != m.counts.Requests[pool.Hit] || s.Requests[pool.Miss] != m.counts.Requests[pool.Miss] ||
		s.Prewarmed != m.counts.Prewarmed {
		t.Fatalf("Stats: requests %v, %d prewarmed; want %v, %d", s.Requests, s.Prewarmed, m.counts.Requests, m.counts.Prewarmed)
	}
	charged, used := m.p.Charged(), m.p.Budget().Used()
	if bytes > charged || charged > m.p.Limit() || m.p.Limit() != m.limit || used != charged {
		t.Fatalf("%d bytes idle, %d charged, limit %d (set: %d), %d of the budget", bytes, charged, m.p.Limit(), m.limit, used)
	}
}

// TestThePoolIsItsModel does things at random, alone, and compares after each.
func TestThePoolIsItsModel(t *testing.T) {
	alone(t)
	for name, sizes := range map[string][]int64{
		"classes": {64, 1024, 16 << 10, 200 << 10},
		"one":     {256},
		"sized":   {0},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, 3))
				m := &model{t: t, sizes: sizes, inside: map[unsafe.Pointer]*object{}, now: time.Unix(0, 0), limit: 128 << 10}
				m.p = New(Config{Sizes: sizes, Limit: m.limit, Budget: pool.NewBudget(100 << 10), Discard: m.discard})
				for range 3000 {
					m.step(r)
					m.check()
				}
				m.p.Close()
				if len(m.inside) != 0 || m.p.Charged() != 0 || m.p.Budget().Used() != 0 {
					t.Fatalf("closed: %d objects, %d charged, %d of the budget", len(m.inside), m.p.Charged(), m.p.Budget().Used())
				}
			}
		})
	}
}
