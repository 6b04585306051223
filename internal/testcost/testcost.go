// Package testcost tells in tests how the cost of many calls grows and whether a
// bound is kept, whatever else the machine does meanwhile.
package testcost

import (
	"math"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/raceflag"
)

const (
	step     = 64 // calls that are timed together: microseconds, so a pause hits few steps
	rounds   = 4
	patience = time.Minute
)

// Doubling returns the cost of n calls and of twice as many. The loops that begin
// returns for a count are called with 0, 1, … up to it, one loop after the other.
//
// Each step of a few calls counts with its least time of several rounds: a pause,
// a garbage collection or another program's turn hits other steps each round.
// Doubling goes on for a minute while twice as many cost over 2.5 times as much,
// which calls that each search or copy all before them cost however often they are
// measured. Under the race detector it skips the test: most of the time is the
// detector's.
func Doubling(t testing.TB, n int, begin func(n int) []func(i int)) (one, two time.Duration) {
	t.Helper()
	if raceflag.On {
		t.Skip("the race detector's time is not that of the calls")
	}
	started := time.Now()
	return doubling(n, begin, func() time.Duration { return time.Since(started) })
}

func doubling(n int, begin func(n int) []func(i int), now func() time.Duration) (one, two time.Duration) {
	var once, twice least
	for round := 1; ; round++ {
		once.measure(n, begin, now)
		twice.measure(2*n, begin, now)
		one, two = once.sum(), twice.sum()
		if round >= rounds && two <= one*5/2 || now() > patience {
			return one, two
		}
	}
}

// Within fails the test when what measure measures stays above the bound for a
// minute: a pause or another program's turn lengthens some measurements, a mistake
// lengthens all.
func Within(t testing.TB, what string, most time.Duration, measure func() time.Duration) {
	t.Helper()
	started := time.Now()
	if least, ok := within(most, measure, func() time.Duration { return time.Since(started) }); !ok {
		t.Errorf("%s took %v at the least, want at most %v", what, least, most)
	}
}

func within(most time.Duration, measure, now func() time.Duration) (shortest time.Duration, ok bool) {
	for shortest = math.MaxInt64; now() <= patience; {
		if shortest = min(shortest, measure()); shortest <= most {
			return shortest, true
		}
	}
	return shortest, false
}

// least is the least time of each step.
type least []time.Duration

func (l *least) measure(n int, begin func(n int) []func(i int), now func() time.Duration) {
	at := 0
	for _, call := range begin(n) {
		for i := 0; i < n; at++ {
			start := now()
			for end := min(i+step, n); i < end; i++ {
				call(i)
			}
			l.note(at, now()-start)
		}
	}
}

func (l *least) note(at int, d time.Duration) {
	if at == len(*l) {
		*l = append(*l, math.MaxInt64)
	}
	(*l)[at] = min((*l)[at], d)
}

func (l *least) sum() (all time.Duration) {
	for _, d := range *l {
		all += d
	}
	return all
}
