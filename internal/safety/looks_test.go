package safety

import (
	"math/rand/v2"
	"testing"
	"time"
)

// service is an engine that asks about one in so many requests, of so many a second.
type service struct {
	asked     int
	requests  uint64
	perSecond time.Duration
}

func (s *service) Passed(int) (uint64, time.Duration) {
	s.asked++
	return s.requests, time.Duration(s.requests) * time.Second / s.perSecond
}

// watched is a Watch whose class has stand-ins of so many bytes and is not young, in a
// service that gets 20,000 requests a second.
func watched(size int) (*Watch, *service) {
	s := &service{requests: LeastRequests, perSecond: 20_000}
	w := New(Config{Classes: 1, Engine: s})
	for range firstSamples {
		w.cost(0, size, time.Microsecond)
		w.cost(0, size, time.Microsecond)
	}
	return w, s
}

// asks is where the engine asks for its callers, which are the sites.
//
//go:noinline
func asks(w *Watch) (weight int64, due bool) { return w.Due(0) }

// siteOf asks in a place of its own for each n.
//
//go:noinline
func siteOf(w *Watch, n int) (int64, bool) {
	switch n {
	case 0:
		return asks(w)
	case 1:
		return asks(w)
	default:
		weight, due := siteOf(w, n-2) // deeper
		return weight, due
	}
}

// It is a share of the time where requests follow each other, and of each request
// where the program waits for them.
func TestSamplesCostTheirShareOfTheTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		requests  uint64 // from one look to the next
		perSecond time.Duration
		want      time.Duration // by a look
	}{
		{LeastRequests, 500, LeastRequests * perRequest},
		{LeastRequests, 20_000, LeastRequests * perRequest},
		{2_000, 10_000_000, 200 * time.Microsecond / share},
	} {
		for _, size := range []int{0, 1 << 10, 64 << 10, 1 << 20} {
			w, s := watched(size)
			s.requests, s.perSecond = c.requests, c.perSecond
			samples := 0
			for range 30_000 + size/8 { // large ones are rare
				if _, due := siteOf(w, rand.IntN(2)); due {
					samples++
				}
			}
			cost := time.Duration(samples)*w.looks.classes[0].sample() + time.Duration(s.asked)*lookCost
			got := float64(cost) / float64(time.Duration(s.asked)*c.want)
			if got > 1.1 || got < .7 && samples < s.asked*99/100 {
				t.Errorf("%+v, %d bytes: %d samples of %d cost %.2f of that", c, size, samples, s.asked, got)
			}
		}
	}
}

func TestASiteThatWasNeverSampledIsAtOnce(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1 << 10, 1 << 20} {
		w, _ := watched(size)
		for range 100_000 {
			siteOf(w, 0)
		}
		if _, due := siteOf(w, 1); !due {
			t.Errorf("%d bytes: a new site has to wait", size)
		}
	}
}

// A goroutine that loses its CPU in the first sample makes no debt that keeps the pool
// from sampling.
func TestAStallInTheFirstSampleIsNoDebt(t *testing.T) {
	t.Parallel()
	s := &service{requests: FirstRequests, perSecond: 700}
	w := New(Config{Classes: 1, Engine: s})
	siteOf(w, 0)
	w.cost(0, 2048, 50*time.Millisecond)
	w.cost(0, 2048, time.Microsecond)
	if _, due := siteOf(w, 1); !due {
		t.Fatal("a new site has to wait")
	}
	samples := 0
	for range 400 { // a minute's
		if _, due := siteOf(w, 1); due {
			samples++
			w.cost(0, 2048, time.Microsecond)
			w.cost(0, 2048, time.Microsecond)
		}
	}
	if samples < 50 {
		t.Errorf("%d samples in a minute after a stall, want hundreds", samples)
	}
}

// An expensive half is known after six.
func TestExpensiveSamplesAreKnownSoon(t *testing.T) {
	t.Parallel()
	var c costs
	for range 6 {
		c.note(time.Millisecond)
	}
	if c.typical < 500*time.Microsecond {
		t.Errorf("a millisecond six times is taken for %v", c.typical)
	}
}

// Sites without end make debts with an end.
func TestNewSitesDoNotCostMoreThanTheCredit(t *testing.T) {
	t.Parallel()
	w, _ := watched(1 << 20)
	spent := time.Duration(0)
	for range 10_000 {
		w.looks.mu.Lock()
		s := w.looks.visit(rand.Uint64())
		w.looks.earn(200*time.Microsecond/share - lookCost)
		if w.looks.affords(&w.looks.classes[0], &s, 1) {
			spent += w.looks.classes[0].sample()
		}
		w.looks.mu.Unlock()
	}
	if most := maxDebt + 2*w.looks.classes[0].sample() + 10_000*200*time.Microsecond/share; spent > most {
		t.Errorf("spent %v, want at most %v", spent, most)
	}
	for range 10_000 {
		w.looks.mu.Lock()
		key := rand.Uint64()
		w.looks.sites[key] = w.looks.visit(key)
		w.looks.mu.Unlock()
	}
	if n := len(w.looks.sites); n > maxSites {
		t.Errorf("%d sites are known, want at most %d", n, maxSites)
	}
}

// One that makes few requests is sampled more often than their number says, and
// weighs less each time.
func TestHalfOfTheSamplesGoToSitesAlike(t *testing.T) {
	t.Parallel()
	w, s := watched(64 << 10)
	var samples, weights [2]int64
	for range 400_000 {
		site := 0
		if rand.IntN(20) == 0 {
			site = 1
		}
		if weight, due := siteOf(w, site); due {
			samples[site]++
			weights[site] += weight
		}
	}
	if got := float64(samples[1]) / float64(samples[0]+samples[1]); got < .2 || got > .35 {
		t.Errorf("a site with 5 %% of the requests got %.2f of the samples, want about .275", got)
	}
	if got, want := float64(weights[0]+weights[1]), float64(s.requests)*float64(s.asked); got < .98*want || got > want {
		t.Errorf("samples stand for %.0f requests, want %.0f", got, want)
	}
	if got := float64(weights[1]) / (float64(s.requests) * float64(s.asked)); got < .04 || got > .06 {
		t.Errorf("the site's samples stand for %.3f of the requests, want .05", got)
	}
}
