package main

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// logTicks is labelled ticks at powers of ten, or, over a short range, of two.
type logTicks struct{}

// Ticks implements plot.Ticker.
func (logTicks) Ticks(least, most float64) (ticks []plot.Tick) {
	base := 10.0
	if most/least < 100 {
		base = 2
	}
	for e := math.Floor(math.Log(least) / math.Log(base)); ; e++ {
		x := math.Pow(base, e)
		if x > most*1.0001 {
			return ticks
		}
		if x >= least*0.9999 {
			ticks = append(ticks, plot.Tick{Value: x, Label: thousands(x)})
		}
	}
}

// thousands is a number as an axis has it: 10k, 1M.
func thousands(x float64) string {
	switch {
	case x >= 1e6:
		return strconv.FormatFloat(x/1e6, 'g', 4, 64) + "M"
	case x >= 1e4:
		return strconv.FormatFloat(x/1e3, 'g', 4, 64) + "k"
	default:
		return strconv.FormatFloat(x, 'g', 4, 64)
	}
}
