//go:build !otelpool_debug

package strategies_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/strategies"
)

var detection = flag.Bool("detection", false, "measure the table in docs/safety.md; takes minutes")

// A detective has a pool that is used correctly, and then by somebody who makes one
// mistake.
type detective struct {
	size    int           // of buffers; 0: objects
	every   time.Duration // from one call to the next; 0: as fast as it goes
	correct int           // calls before
	within  int           // calls of the class, of which one in 20 is the culprit's
	known   bool          // the culprit was among those who made the calls before, and right
}

// The mistakes by kind; each line is a place of its own.
var culprits = map[pool.MisuseKind]func(p *strategies.SizeClasses, size int, wrong bool){
	pool.MisuseLost: func(p *strategies.SizeClasses, size int, wrong bool) {
		b := p.Get(size)
		if !wrong {
			p.Put(b)
		}
	},
	pool.MisuseDouble: func(p *strategies.SizeClasses, size int, wrong bool) {
		b := p.Get(size)
		p.Put(b)
		if wrong {
			p.Put(b)
		}
	},
	pool.MisuseWrite: func(p *strategies.SizeClasses, size int, wrong bool) {
		b := p.Get(size)
		p.Put(b)
		if wrong {
			b[0]++
		}
	},
	pool.MisuseOverrun: func(p *strategies.SizeClasses, size int, wrong bool) {
		b := p.Get(size)
		if wrong && cap(b) != size { // beyond an ordinary one there is no telling what lies
			*(*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), cap(b))) = 0
		}
		p.Put(b)
	},
	pool.MisuseSuffix: func(p *strategies.SizeClasses, size int, wrong bool) {
		b := p.Get(size)
		if wrong {
			b = b[8:]
		}
		p.Put(b)
	},
	pool.MisuseForeign: func(p *strategies.SizeClasses, size int, wrong bool) {
		b := p.Get(size)
		if wrong {
			b = append(b[:cap(b)], 0)
		}
		p.Put(b)
	},
}

// carelessObjects are the mistakes with objects.
var carelessObjects = map[pool.MisuseKind]func(p *strategies.Bounded[object], wrong bool){
	pool.MisuseLost: func(p *strategies.Bounded[object], wrong bool) {
		x := p.Get()
		if !wrong {
			p.Put(x)
		}
	},
	pool.MisuseDouble: func(p *strategies.Bounded[object], wrong bool) {
		x := p.Get()
		p.Put(x)
		if wrong {
			p.Put(x)
		}
	},
}

// finds plays one trial, and reports after how many calls the mistake was found, or
// -1.
func (d detective) finds(t *testing.T, kind pool.MisuseKind) (calls int) {
	var r pool.Registry
	got := observe(&r)
	correct, culprit, done := d.open(t, &r, kind)
	defer done()
	for range d.correct / 200 {
		d.call(200, func(i int) {
			if i%20 == 0 && d.known {
				culprit(false)
			} else {
				correct()
			}
		})
	}
	for calls < d.within && len(got.of(kind)) == 0 {
		d.call(20, func(int) {
			if rand.IntN(20) == 0 {
				culprit(true)
			} else {
				correct()
			}
		})
		calls += 20
	}
	if len(got.of(kind)) > 0 {
		return calls
	}
	if kind == pool.MisuseLost && lostShows(got) {
		return d.within
	}
	return -1
}

// call makes n calls in the time that they take.
func (d detective) call(n int, f func(int)) {
	for i := range n {
		f(i)
	}
	if d.every > 0 {
		time.Sleep(time.Duration(n) * d.every)
	}
}

// lostShows collects garbage, until what was lost must have been found.
func lostShows(got *reports) bool {
	for range 3 {
		var ran atomic.Bool // and no channel: cleanups are in no bubble
		runtime.AddCleanup(new([64]byte), func(ran *atomic.Bool) { ran.Store(true) }, &ran)
		for !ran.Load() {
			runtime.GC()
		}
	}
	return len(got.of(pool.MisuseLost)) > 0
}

func (d detective) open(t *testing.T, r *pool.Registry, kind pool.MisuseKind) (correct func(), culprit func(bool), done func()) {
	if d.size == 0 {
		p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[object]{
			Name: "objects", Registry: r, New: func() *object { return new(object) },
		}))
		careless := carelessObjects[kind]
		return func() { p.Put(p.Get()) }, func(wrong bool) { careless(p, wrong) }, p.Close
	}
	p := newSizeClasses(t, strategies.SizeClassesConfig{Name: "buffers", Registry: r})
	careless := culprits[kind]
	return func() { p.Put(p.Get(d.size)) }, func(wrong bool) { careless(p, d.size, wrong) }, p.Close
}

// found is in how many of so many trials the mistake was found. The clock is synctest's where there
// are pauses between calls: what stand-ins take of the CPU is not in it but for the least that is
// assumed.
func (d detective) found(t *testing.T, kind pool.MisuseKind, trials int) (found int) {
	for range trials {
		calls := -1
		play := func(t *testing.T) { calls = d.finds(t, kind) }
		if d.every > 0 {
			synctest.Test(t, play)
		} else {
			play(t)
		}
		if calls >= 0 {
			found++
		}
	}
	return found
}

// The short form of the table in docs/safety.md.
func TestAMistakeIsFoundWithin10000CallsOfAService(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	const trials = 10
	least := trials - 1 // 95 % are promised, which ten trials cannot tell from nine
	if percpu.Portable {
		least = trials * 3 / 4 // a P is guessed there, and its time with it
	}
	for _, kind := range []pool.MisuseKind{pool.MisuseDouble, pool.MisuseWrite, pool.MisuseForeign} {
		d := detective{size: 1 << 10, every: 50 * time.Microsecond, correct: 100_000, within: 10_000}
		if n := d.found(t, kind, trials); n < least {
			t.Errorf("%v: found in %d of %d trials", kind, n, trials)
		}
	}
}

// A million correct calls in a tight loop leave a schedule for a tight loop.
func TestAMistakeIsFoundAfterAMillionCorrectCalls(t *testing.T) {
	if raceghost.On {
		t.Skip("a sample takes a hundred times as long in race builds, so this clock allows few; the test above has its own")
	}
	const trials = 5
	var found atomic.Int64
	t.Run("trials", func(t *testing.T) {
		for trial := range trials {
			t.Run(fmt.Sprint(trial), func(t *testing.T) {
				t.Parallel()
				if foundOnTheRealClock(t) {
					found.Add(1)
				}
			})
		}
	})
	if n := found.Load(); n < trials-1 { // 95 % are promised
		t.Errorf("found in %d of %d trials", n, trials)
	}
}

// foundOnTheRealClock makes a mistake in 1 of 20 calls, 20,000 calls a second, and says
// whether it was found within 10,000.
func foundOnTheRealClock(t *testing.T) bool {
	var r pool.Registry
	got := observe(&r)
	d := detective{size: 1 << 10}
	correct, culprit, done := d.open(t, &r, pool.MisuseDouble)
	defer done()
	for range 1_000_000 {
		correct()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 500 {
		<-tick.C
		for range 19 {
			correct()
		}
		culprit(true)
	}
	return len(got.of(pool.MisuseDouble)) > 0
}

// TestDetectionTable measures the table in docs/safety.md, of 20 trials each:
//
//	go test -run DetectionTable -detection -v -timeout 60m ./strategies
func TestDetectionTable(t *testing.T) {
	if !*detection {
		t.Skip("it takes minutes; its short form is TestAMistakeIsFoundWithin10000CallsOfAService")
	}
	for _, d := range []detective{
		{every: 50 * time.Microsecond, correct: 1_000_000, within: 10_000},
		{every: 5 * time.Millisecond, correct: 10_000, within: 10_000}, // of a minute
		{correct: 1_000_000, within: 10_000},
		{correct: 1_000_000, within: 2_000_000},
	} {
		for _, d.size = range []int{1 << 10, 64 << 10, 1 << 20, 0} {
			for _, d.known = range []bool{false, true} {
				t.Logf("| %v | %d | %d | known %v |%s", d.every, d.within, d.size, d.known, d.row(t))
			}
		}
	}
}

// row is the trials of 20 in which each kind was found. It fails where the bound is
// missed: a place that is new, in a service. What append moves out of the largest
// class is oversize, and no misuse.
func (d detective) row(t *testing.T) (row string) {
	const trials = 20
	for _, kind := range []pool.MisuseKind{
		pool.MisuseDouble, pool.MisuseWrite, pool.MisuseLost, pool.MisuseOverrun, pool.MisuseSuffix, pool.MisuseForeign,
	} {
		if d.size == 0 && carelessObjects[kind] == nil || d.size == 1<<20 && kind == pool.MisuseForeign {
			row += " – |"
			continue
		}
		n := d.found(t, kind, trials)
		row += fmt.Sprintf(" %d |", n)
		if n < trials*95/100 && !d.known && d.every > 0 {
			t.Errorf("%+v: %v found in %d of %d trials", d, kind, n, trials)
		}
	}
	return row
}
