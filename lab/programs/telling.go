package main

import (
	"fmt"
	"strconv"
)

const (
	mostLines = 6   // of a program
	calmLines = 3   // on pools with nothing to say of but their Gets
	manyGets  = 500 // below, a benchmark's first objects weigh too much
)

// telling is rows of a table on pools, which are sorted by their Gets: those only taken from,
// those that miss or drop much, and the busiest of the others.
func telling(pools []poolCounts) (lines []string) {
	said, calm := make(map[string]bool), 0
	for _, says := range []func(poolCounts) string{onlyTaken, missing, dropping, busy} {
		for _, p := range pools {
			if len(lines) == mostLines {
				return lines
			}
			text := says(p)
			if text == "" || said[p.Pool] || p.Gets < manyGets {
				continue
			}
			said[p.Pool] = true
			lines = append(lines, fmt.Sprintf("`%s` | `%s` | %s", p.Pool, p.During, text))
			if text == busy(p) {
				if calm++; calm == calmLines {
					return lines
				}
			}
		}
	}
	return lines
}

func onlyTaken(p poolCounts) string {
	switch {
	case p.Puts == 0:
		return thousands(p.Gets) + " Gets and no Put: only taken from"
	case p.Puts < p.Gets/2:
		return thousands(p.Gets) + " Gets and " + thousands(p.Puts) + " Puts: most is not given back"
	}
	return ""
}

func missing(p poolCounts) string {
	if p.Misses < p.Gets/20 {
		return ""
	}
	return fmt.Sprintf("%s Gets, %.0f %% of them misses; collections took %s", thousands(p.Gets),
		100*float64(p.Misses)/float64(p.Gets), thousands(p.Evicted))
}

func dropping(p poolCounts) string {
	if p.Dropped < p.Puts/20 || p.Dropped == 0 {
		return ""
	}
	return fmt.Sprintf("%s Puts, %s of them refused", thousands(p.Puts), thousands(p.Dropped))
}

func busy(p poolCounts) string {
	return fmt.Sprintf("%s Gets, %s misses, %s evicted", thousands(p.Gets), thousands(p.Misses), thousands(p.Evicted))
}

// thousands is 1,234,567.
func thousands(n uint64) string {
	if n < 1000 {
		return strconv.FormatUint(n, 10)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
