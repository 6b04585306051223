package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// scenario is the shape of the load over time: at each moment, a multiple of
// the rate asked for.
type scenario func(at time.Duration) float64

const day = time.Minute // of the diurnal scenario

var scenarioNames = []string{"steady", "burst", "diurnal", "leak", "squeeze", "none"}

// newScenario is the scenario of a name; none is nil. A seed decides when
// bursts come.
func newScenario(name string, seed uint64) scenario {
	switch name {
	case "burst":
		return bursts(rand.New(rand.NewPCG(seed, 1)))
	case "diurnal":
		return func(at time.Duration) float64 {
			return 1 - 0.8*math.Cos(2*math.Pi*at.Seconds()/day.Seconds())
		}
	case "none":
		return nil
	default:
		return func(time.Duration) float64 { return 1 }
	}
}

// bursts is a quarter of the rate, with bursts of three times the rate that
// last 1 to 3 s and come 3 to 8 s apart.
func bursts(r *rand.Rand) scenario {
	const quiet, busy = 0.25, 3
	var edges []time.Duration // alternately the begin and the end of a burst
	last := time.Duration(0)
	pause := func(least, most float64) {
		last += time.Duration((least + r.Float64()*(most-least)) * float64(time.Second))
		edges = append(edges, last)
	}
	return func(at time.Duration) float64 {
		for last <= at {
			pause(3, 8)
			pause(1, 3)
		}
		if passed, _ := slices.BinarySearch(edges, at+1); passed%2 == 1 {
			return busy
		}
		return quiet
	}
}

// arrivals is the moments at which requests arrive: independently of each other
// (exponential gaps), at the rate that the scenario has then. One seed gives the
// same moments every time.
type arrivals struct {
	rate  float64
	shape scenario
	rand  *rand.Rand
	at    time.Duration
}

func newArrivals(rate float64, name string, seed uint64) *arrivals {
	return &arrivals{rate: rate, shape: newScenario(name, seed), rand: rand.New(rand.NewPCG(seed, 2))}
}

// next is the moment of the next request, from the start.
func (a *arrivals) next() time.Duration {
	gap := a.rand.ExpFloat64() / (a.rate * a.shape(a.at))
	a.at += time.Duration(min(gap, 1) * float64(time.Second)) // look again each second: the rate may have risen
	return a.at
}
