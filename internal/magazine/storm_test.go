package magazine

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/percpu"
)

// object is what the storms pool. Its owner must be alone with it.
type object struct {
	owner atomic.Int64
	size  int64
	class int
	_     [32]byte
}

const free = 0

var stormTime = flag.Duration("storm", 150*time.Millisecond, "how long each storm lasts")

// storm drives a pool from all sides for a while: workers get and put, and
// beside them the limit moves, memory is trimmed and collected, and GOMAXPROCS
// changes. Then the laws must hold.
type storm struct {
	config    Config
	moves     bool // the limit moves
	closes    bool // the pool is closed in the middle
	shares    bool // its budget, with others
	pool      *Pool
	made      atomic.Int64
	discarded atomic.Int64
	shared    atomic.Int64 // objects seen in two hands
	over      atomic.Int64 // times more was charged than allowed
}

func (s *storm) run(t *testing.T, d time.Duration) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	limit := s.config.Limit
	s.config.Discard = func(x unsafe.Pointer) {
		if !(*object)(x).owner.CompareAndSwap(free, -1) {
			s.shared.Add(1)
		}
		s.discarded.Add(1)
	}
	s.pool = New(s.config)
	stop := make(chan struct{})
	var workers, pests sync.WaitGroup
	handoff := make(chan *object, 64)
	for id := range int64(8) {
		workers.Go(func() { s.work(id+1, handoff, stop) })
	}
	pests.Go(func() { s.pester(limit, stop) })
	time.Sleep(d)
	close(stop)
	workers.Wait()
	pests.Wait()
	close(handoff)
	for x := range handoff {
		s.put(x)
	}
	if !s.shares { // the others' reclaiming may be in this pool
		s.check(t)
	}
}

// pester does to the pool what is done beside Get and Put, in turns.
func (s *storm) pester(limit int64, stop chan struct{}) {
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Unix(0, 0)
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Millisecond):
		}
		switch i % 6 {
		case 0:
			s.pool.Trim(r.Int64N(1<<16), pool.EvictPressure)
		case 1:
			if s.moves {
				s.pool.SetLimit(r.Int64N(limit + 1))
			}
		case 2:
			runtime.GC()
		case 3:
			runtime.GOMAXPROCS(1 + r.IntN(6))
		case 4:
			if s.closes && i > 20 {
				s.pool.Close()
			}
		case 5:
			now = now.Add(time.Duration(r.IntN(1000)) * time.Millisecond)
			s.age(now, r)
		}
		var stats pool.Stats
		s.pool.Stats(&stats)
		if !s.moves && s.pool.Charged() > limit {
			s.over.Add(1)
		}
	}
}

func (s *storm) age(now time.Time, r *rand.Rand) {
	s.pool.SetIdleAge(r.IntN(len(s.config.Sizes)), time.Duration(r.IntN(3))*time.Second)
	s.pool.Age(now)
	var demand control.Demand
	s.pool.Demand(now, &demand)
}

func (s *storm) work(id int64, handoff chan *object, stop chan struct{}) {
	r := rand.New(rand.NewPCG(uint64(id), 7))
	var mine []*object
	for {
		select {
		case <-stop:
			for _, x := range mine {
				s.give(x, id)
			}
			return
		default:
		}
		if len(mine) < 40 && r.IntN(2) == 0 {
			mine = append(mine, s.take(r.IntN(len(s.config.Sizes)), id, r))
		} else if n := len(mine); n > 0 {
			x := mine[n-1]
			mine = mine[:n-1]
			if !x.owner.CompareAndSwap(id, id) {
				s.shared.Add(1)
			}
			if r.IntN(4) > 0 {
				s.give(x, id)
				continue
			}
			x.owner.Store(free)
			select { // let another goroutine put it
			case handoff <- x:
			default:
				s.put(x)
			}
			select {
			case y := <-handoff:
				s.put(y)
			default:
			}
		}
	}
}

func (s *storm) take(class int, id int64, r *rand.Rand) *object {
	x := (*object)(s.get(class))
	if x == nil {
		s.made.Add(1)
		x = &object{class: class}
		if s.config.Sizes[0] == 0 {
			x.size = 1 + r.Int64N(4096)
		}
	}
	if !x.owner.CompareAndSwap(free, id) || x.class != class {
		s.shared.Add(1)
	}
	return x
}

func (s *storm) give(x *object, id int64) {
	if !x.owner.CompareAndSwap(id, free) {
		s.shared.Add(1)
	}
	s.put(x)
}

// get and put are what package strategies does.
func (s *storm) get(class int) (x unsafe.Pointer) {
	c := s.pool.At(percpu.Pin(), class)
	if s.config.Sizes[0] == 0 {
		x = c.TakeSized()
	} else {
		x = c.Take()
	}
	if x != nil {
		c.Count(1)
	}
	c.Leave()
	if x == nil {
		x, _ = s.pool.Get(class, 1)
	}
	return x
}

func (s *storm) put(x *object) {
	var kept bool
	c := s.pool.At(percpu.Pin(), x.class)
	if x.size > 0 {
		kept = c.GiveSized(unsafe.Pointer(x), x.size)
	} else {
		kept = c.Give(unsafe.Pointer(x))
	}
	c.Leave()
	if !kept {
		s.pool.Put(x.class, unsafe.Pointer(x), x.size)
	}
}

func (s *storm) check(t *testing.T) {
	t.Helper()
	if n := s.shared.Load(); n > 0 {
		t.Errorf("%d times an object was in two hands", n)
	}
	if n := s.over.Load(); n > 0 {
		t.Errorf("%d times more was charged than the limit allows", n)
	}
	var stats pool.Stats
	s.pool.Stats(&stats)
	objects, bytes := s.pool.Held()
	if stats.Idle != objects || stats.IdleBytes != bytes {
		t.Errorf("Stats say that %d objects, %d bytes are idle; there are %d, %d", stats.Idle, stats.IdleBytes, objects, bytes)
	}
	if stats.InUse != 0 {
		t.Errorf("InUse = %d with everything put back", stats.InUse)
	}
	if charged, limit := s.pool.Charged(), s.pool.Limit(); bytes > charged || charged > limit {
		t.Errorf("%d bytes idle, %d charged, limit %d: want idle ≤ charged ≤ limit", bytes, charged, limit)
	}
	if made, gone := s.made.Load(), s.discarded.Load(); made != gone+objects {
		t.Errorf("made %d = discarded %d + idle %d does not hold", made, gone, objects)
	}
	if got := stats.Requests[pool.Miss] + stats.Requests[pool.RequestClosed]; got != uint64(s.made.Load()) {
		t.Errorf("%d misses counted, %d objects made", got, s.made.Load())
	}
	if b := s.config.Budget; b != nil && !s.shares && b.Used() != s.pool.Charged() {
		t.Errorf("budget used %d, pool charged %d", b.Used(), s.pool.Charged())
	}
	s.pool.Close()
	if objects, _ := s.pool.Held(); objects != 0 || s.pool.Charged() != 0 {
		t.Errorf("after Close %d objects are idle and %d bytes charged", objects, s.pool.Charged())
	}
	if made, gone := s.made.Load(), s.discarded.Load(); made != gone {
		t.Errorf("after Close %d objects were made and %d discarded", made, gone)
	}
}

func TestNothingIsLostOrSharedInStorms(t *testing.T) {
	bytes := []int64{64, 1 << 10, 32 << 10, 1 << 20}
	for name, s := range map[string]*storm{
		"roomy":          {config: Config{Sizes: bytes, Limit: pool.Unlimited}},
		"tight":          {config: Config{Sizes: bytes, Limit: 3 << 20}},
		"direct":         {config: Config{Sizes: []int64{1 << 20}, Limit: 3 << 20}},
		"moving":         {config: Config{Sizes: bytes, Limit: 8 << 20}, moves: true},
		"budget":         {config: Config{Sizes: bytes, Limit: 64 << 20, Budget: pool.NewBudget(2 << 20)}},
		"closing":        {config: Config{Sizes: bytes, Limit: 8 << 20}, moves: true, closes: true},
		"sampled":        {config: Config{Sizes: bytes, Limit: 8 << 20, Sampling: Sampling{Least: 3, Every: 1}}, moves: true, closes: true},
		"sized, sampled": {config: Config{Sizes: []int64{0}, Limit: 64 << 10, Sampling: Sampling{Least: 2, Every: 1}}},
		"sized":          {config: Config{Sizes: []int64{0}, Limit: pool.Unlimited}},
		"sized, tight":   {config: Config{Sizes: []int64{0}, Limit: 64 << 10}},
		"sized, moving":  {config: Config{Sizes: []int64{0}, Limit: 64 << 10}, moves: true},
		"sized, closing": {config: Config{Sizes: []int64{0}, Limit: 1 << 20}, moves: true, closes: true},
	} {
		t.Run(name, func(t *testing.T) { s.run(t, *stormTime) })
	}
}

// TestABudgetIsKeptByPoolsThatStormTogether has several storms share a budget that
// moves and is reclaimed meanwhile, in pools that come and go.
func TestABudgetIsKeptByPoolsThatStormTogether(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0)) // each storm restores what another may have set
	const most = 6 << 20
	budget := pool.NewBudget(most)
	bytes := []int64{64, 4 << 10, 256 << 10}
	stop := make(chan struct{})
	var pests, storms sync.WaitGroup
	var over atomic.Int64
	pests.Go(func() {
		r := rand.New(rand.NewPCG(5, 5))
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
			budget.SetLimit(r.Int64N(most + 1))
			budget.Reclaim()
			if budget.Used() > most {
				over.Add(1)
			}
			var s pool.Stats
			visitor := New(Config{Sizes: bytes, Limit: pool.Unlimited, Budget: budget})
			visitor.Put(1, unsafe.Pointer(new(object)), 0)
			visitor.Close()
			if visitor.Stats(&s); s.Idle != 0 || visitor.Charged() != 0 {
				over.Add(1)
			}
		}
	})
	all := make([]*storm, 3)
	for i := range all {
		s := &storm{
			config: Config{Sizes: bytes, Limit: []int64{pool.Unlimited, 4 << 20, 1 << 20}[i], Budget: budget},
			moves:  i == 2,
			shares: true,
		}
		if i == 1 {
			s.config.Sizes = []int64{0}
		}
		all[i] = s
		storms.Go(func() { s.run(t, *stormTime) })
	}
	storms.Wait()
	close(stop)
	pests.Wait()
	for _, s := range all {
		s.check(t)
	}
	if n := over.Load(); n > 0 {
		t.Errorf("%d times more was charged than the budget ever allowed, or a closed pool had something", n)
	}
	if budget.Used() != 0 {
		t.Errorf("%d bytes used by pools that are closed", budget.Used())
	}
}
