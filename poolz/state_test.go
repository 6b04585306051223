package poolz_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolz"
)

// served adds a second of n requests, all hits, all given back.
func served(s *pool.Stats, n uint64) {
	s.Requests[pool.Hit] += n
	s.Returns[pool.Pooled] += n
}

// missed adds n misses, of which so many are given back.
func missed(s *pool.Stats, n, back uint64) {
	s.Requests[pool.Miss] += n
	s.Returns[pool.Pooled] += back
	s.InUse += int64(n - back)
}

// conduct is how a pool behaves, and how it is marked for it.
type conduct struct {
	name    string
	seconds int
	fixed   bool // not resizable
	each    func(s *pool.Stats, second int)
	want    string // state: why
}

// conductsOfHolders differ in what callers do with what they have taken.
func conductsOfHolders(random *rand.Rand) []conduct {
	return []conduct{
		{"steady", 120, false, func(s *pool.Stats, i int) {
			served(s, 100)
			s.InUse = int64(20 + random.IntN(10))
			s.IdleBytes = 8 << 10
		}, "ok"},
		{"nothing ever", 30, false, func(*pool.Stats, int) {}, "quiet"},
		{"nothing of late", 60, false, func(s *pool.Stats, i int) {
			if i < 10 {
				served(s, 100)
			}
		}, "quiet"},
		{"closed", 5, false, func(s *pool.Stats, i int) { s.Closed = true }, "closed"},

		{"a leak", 60, false, func(s *pool.Stats, i int) { served(s, 100); s.InUse = int64(20 + 5*i + random.IntN(10)) },
			"leaking: in use rose from "},
		{"a leak, seen when much is lost already", 120, false,
			func(s *pool.Stats, i int) { served(s, 100); s.InUse = int64(36_000 + 5*i + random.IntN(10)) },
			"leaking: in use rose from "},
		{"a leak under bursts", 110, false, func(s *pool.Stats, i int) { served(s, 100); s.InUse = int64(9*i + 40*(i/4%2)) },
			"leaking: in use rose from "},
		{"a leak that quickens", 60, false, func(s *pool.Stats, i int) { served(s, 100); s.InUse = int64(20 + i + i*i/4) },
			"leaking: in use rose from "},
		{"a queue that wanders", 120, false,
			func(s *pool.Stats, i int) { served(s, 100); s.InUse = max(0, s.InUse+int64(random.IntN(21)-10)) }, "ok"},
		{"collected while in use", 3, false, func(s *pool.Stats, i int) { served(s, 100); s.Misuse[pool.MisuseLost] = 2 },
			"leaking: the garbage collector found 2 objects never given back"},
		{"collected, while others are still held", 60, false, func(s *pool.Stats, i int) {
			served(s, 100)
			s.InUse, s.Misuse[pool.MisuseLost] = int64(8+4*i), 2
		}, "leaking: in use rose from 8 to 188 in 59 s, and traffic does not explain it; the garbage collector found 2 " +
			"objects never given back"},
		{"one collected", 3, false, func(s *pool.Stats, i int) { served(s, 100); s.Misuse[pool.MisuseLost] = 1 },
			"leaking: the garbage collector found 1 object never given back"},
		{"collected, and some in use", 3, false, func(s *pool.Stats, i int) { served(s, 100); s.InUse, s.Misuse[pool.MisuseLost] = 208, 2 },
			"leaking: 208 in use; the garbage collector found 2 objects never given back"},
		{"given back twice", 3, false, func(s *pool.Stats, i int) {
			served(s, 100)
			s.Misuse = [pool.NumMisuseKinds]uint64{pool.MisuseDouble: 1, pool.MisuseWrite: 1200, pool.MisuseForeign: 7}
		}, "misused: 1 double Put, 1,200 writes after Put"},
		{"traffic that grows", 60, false, func(s *pool.Stats, i int) { served(s, uint64(100+10*i)); s.InUse = int64(20 + 2*i) }, "ok"},
		{"bursts", 110, false, func(s *pool.Stats, i int) { n := 100 + 900*(i/8%2); served(s, uint64(n)); s.InUse = int64(n / 5) }, "ok"},
		{"a day a minute", 60, false,
			func(s *pool.Stats, i int) { n := 50 + 10*min(i, 60-i); served(s, uint64(n)); s.InUse = int64(n) }, "ok"},
	}
}

// conductsOfPools differ in what the pool can give and what it keeps.
func conductsOfPools() []conduct {
	return []conduct{
		{"trimmed and missed", 15, false, func(s *pool.Stats, i int) {
			s.Requests[pool.Miss] += 50
			s.Returns[pool.Pooled] += 50
			s.Evictions[pool.EvictPressure] += 50
		}, "thrashing: drops 50/s idle objects and misses 50/s"},
		{"full", 40, false, func(s *pool.Stats, i int) {
			served(s, 90)
			s.Requests[pool.Miss] += 10
			s.Returns[pool.Full] += 6
			s.Returns[pool.Oversize] += 5
		}, "refusing: drops 10.9 % of what is given back, most often: full"},
		{"grown by append", 40, false, func(s *pool.Stats, i int) { served(s, 10); s.Returns[pool.Foreign] += 30 },
			"refusing: drops 75.0 % of what is given back, most often: foreign"},
		{"cold", 15, false, func(s *pool.Stats, i int) { served(s, 40); missed(s, 60, 60) },
			"missing: 60.0 % of 100 requests/s find nothing"},
		{"a leak, before it can be told from a burst", 15, false, func(s *pool.Stats, i int) { served(s, 60); missed(s, 40, 0) },
			"missing: 40.0 % of 100 requests/s find nothing; 40/s more are taken than given back"},
		{"misses too few to matter", 15, false,
			func(s *pool.Stats, i int) { s.Requests[pool.Miss] += 4; s.Returns[pool.Pooled] += 4 }, "ok"},
		{"pools nothing", 15, false, func(s *pool.Stats, i int) {
			s.Knows.Requests = pool.SetOf(pool.Miss)
			s.Requests[pool.Miss] += 60
		}, "ok"},
		{"callers wait", 15, true, func(s *pool.Stats, i int) { served(s, 100); s.Pending = 1 }, "waiting: 1 caller waiting now"},
		{"callers gave up", 15, true, func(s *pool.Stats, i int) { served(s, 100); s.Requests[pool.RequestTimeout] += 2 },
			"waiting: 30 callers gave up waiting in the last 15 s"},

		{"held and not used", 70, false,
			func(s *pool.Stats, i int) { served(s, 1); s.Idle, s.IdleBytes = 1000+int64(i), 12<<20+int64(i)<<10 },
			"hoarding: 11.2 MiB of 12.1 MiB held lay unused for 69 s"},
		{"held for less than a minute", 50, false, func(s *pool.Stats, i int) { served(s, 1); s.Idle, s.IdleBytes = 1000, 12<<20 }, "ok"},
		{"held and used now and then", 70, false,
			func(s *pool.Stats, i int) { served(s, 1); s.Idle, s.IdleBytes = int64(i%5)*100, int64(i%5)*4<<20 }, "ok"},
		{"held and used between two looks", 70, false,
			func(s *pool.Stats, i int) { served(s, 100); s.Idle, s.IdleBytes = 1000, 12<<20 }, "ok"},
		{"cannot give back", 70, true, func(s *pool.Stats, i int) { served(s, 1); s.Idle, s.IdleBytes = 1000, 12<<20 }, "ok"},
	}
}

func TestPoolsAreMarkedForWhatTheyDo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, c := range append(conductsOfHolders(random), conductsOfPools()...) {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, f := new(pool.Registry), newFake()
				var src pool.Source = &resizable{fake: f}
				if c.fixed {
					src = f
				}
				p := publish(t, r, "a", src)
				h := pageOf(r)
				view(t, h, "")
				for i := range c.seconds {
					synctest.Wait()
					f.set(func(s *pool.Stats) { c.each(s, i) })
					if c.name == "closed" {
						p.Close()
					}
					time.Sleep(time.Second)
				}
				synctest.Wait()
				if got := marked(t, h); !strings.HasPrefix(got, c.want) || (c.want == "ok") != (got == "ok") {
					t.Errorf("marked %q, want %q", got, c.want)
				}
			})
		})
	}
}

func TestASwitchedPoolIsNotBlamedForWhatItWasTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		p := newSwitched(control.ModeCount)
		publish(t, r, "a", p)
		h := pageOf(r)
		view(t, h, "")
		for range 20 {
			p.set(func(s *pool.Stats) { s.Requests[pool.Miss] += 100; s.Returns[pool.Refused] += 100 })
			time.Sleep(time.Second)
		}
		if got := marked(t, h); !strings.HasPrefix(got, "off: its mode is count") {
			t.Errorf("marked %q", got)
		}
		p.SetMode(control.ModeOn)
		time.Sleep(2 * time.Second)
		if got := marked(t, h); !strings.HasPrefix(got, "refusing: ") {
			t.Errorf("switched on, marked %q", got)
		}
	})
}

func TestEveryReasonHasAMeaningAndEveryFaultAdvice(t *testing.T) {
	t.Parallel()
	for _, meanings := range poolz.Meanings {
		for i, m := range meanings {
			if m == "" {
				t.Errorf("number %d of %q says nothing", i, meanings)
			}
		}
	}
}

// marked is a pool's state and, if it is not a good one, why.
func marked(t *testing.T, h http.Handler) string {
	t.Helper()
	p := getJSON(t, h, "?format=json").Pools[0]
	if len(p.Marks) == 0 {
		return p.State
	}
	return fmt.Sprintf("%s: %s", p.Marks[0].State, p.Marks[0].Why)
}
