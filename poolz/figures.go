package poolz

import (
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/otelpool/pool"
)

// The units of a page's figures. Each is a number in JSON, and printed with its
// unit.
type (
	size      int64   // bytes
	objects   int64   // at a moment
	events    uint64  // since the pool was made
	ratio     float64 // 0 to 1
	rate      float64 // events per second, or in total if nobody watches
	use       float64 // of a limit, by a signal
	cost      float64 // in missed bytes: an estimate, which may be infinite
	seconds   time.Duration
	sizeLimit size // no figure in JSON if unlimited
)

func (n size) String() string      { return byteSize(int64(n)) }
func (n objects) String() string   { return grouped(int64(n)) }
func (n events) String() string    { return groups(uint64(n)) }
func (r ratio) String() string     { return percent(float64(r)) }
func (r rate) String() string      { return count(float64(r)) }
func (u use) String() string       { return fmt.Sprintf("%.2f", float64(u)) }
func (s seconds) String() string   { return duration(time.Duration(s)) }
func (l sizeLimit) String() string { return byteSize(int64(l)) }

func (l sizeLimit) IsZero() bool { return int64(l) == pool.Unlimited }

func (c cost) String() string {
	if !(c > 0) {
		return unknown
	}
	return byteSize(int64(min(c, 1<<60)))
}

func (u use) MarshalJSON() ([]byte, error)     { return json.Marshal(finite(float64(u))) }
func (c cost) MarshalJSON() ([]byte, error)    { return json.Marshal(finite(float64(c))) }
func (s seconds) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(s).Seconds()) }

// figure is a number that a pool may not know. Then it is absent in JSON, and
// printed as a dash.
type figure[U unit] struct {
	value U
	known bool
}

type unit interface {
	~int64 | ~uint64 | ~float64
	fmt.Stringer
}

func known[U unit](yes bool, value U) figure[U] { return figure[U]{value, yes} }

// add makes f the sum of those figures that are known.
func (f *figure[U]) add(g figure[U]) {
	if g.known {
		*f = figure[U]{f.value + g.value, true}
	}
}

func (f figure[U]) IsZero() bool                 { return !f.known }
func (f figure[U]) MarshalJSON() ([]byte, error) { return json.Marshal(f.value) }

func (f figure[U]) String() string {
	if !f.known {
		return unknown
	}
	return f.value.String()
}

// moment is a time in JSON, and printed as the time since.
type moment struct{ at, now time.Time }

func (m moment) IsZero() bool                 { return m.at.IsZero() }
func (m moment) MarshalJSON() ([]byte, error) { return json.Marshal(m.at.UTC()) }
func (m moment) RFC3339() string              { return m.at.UTC().Format(time.RFC3339) }

// Age is how long ago it was.
func (m moment) Age() string {
	if m.at.IsZero() {
		return unknown
	}
	return duration(max(m.now.Sub(m.at), 0))
}

func (m moment) String() string {
	if m.at.IsZero() {
		return "never"
	}
	return m.Age() + " ago"
}

// stack is lines in JSON, innermost first, and printed on one line as its first
// few functions.
type stack pool.Stack

func (s stack) MarshalJSON() ([]byte, error) {
	var lines []string
	for _, f := range pool.Stack(s).Frames() {
		lines = append(lines, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
	}
	return json.Marshal(lines)
}

// fewFrames of a stack are enough to recognize it.
const fewFrames = 4

func (s stack) String() string {
	frames := pool.Stack(s).Frames()
	if len(frames) == 0 {
		return "unknown"
	}
	var parts []string
	for _, f := range frames[:min(len(frames), fewFrames)] {
		parts = append(parts, fmt.Sprintf("%s %s:%d", path.Base(f.Function), filepath.Base(f.File), f.Line))
	}
	return strings.Join(parts, " ← ")
}

// counts are a pool's events by result or reason, as far as it knows them.
type counts[N named] struct {
	known          pool.Set
	totals, lately []uint64
	seconds        float64 // that lately covers
}

type named interface {
	~uint8
	String() string
	Description() string
}

func (c counts[N]) IsZero() bool { return c.known == 0 || c.totals == nil }

func (c counts[N]) MarshalJSON() ([]byte, error) {
	m := map[string]uint64{}
	for i, n := range c.totals {
		if c.known.Has(i) {
			m[N(i).String()] = n
		}
	}
	return json.Marshal(m)
}

// reason is a printed row of counts.
type reason struct {
	Name, Meaning string
	Total         events
	Rate          figure[rate]
	Bytes         figure[size]
	Color         string // of the palette
	Lately        bool   // it happened within the rate's time
}

// rows are printed with their bytes, if those are known, else nil.
func (c counts[N]) rows(bytes []uint64) (rows []reason) {
	for i, n := range c.totals {
		if !c.known.Has(i) {
			continue
		}
		r := reason{Name: N(i).String(), Meaning: N(i).Description(), Total: events(n), Lately: c.lately[i] > 0, Color: "drop"}
		switch r.Name {
		case hit.String(), pool.Pooled.String():
			r.Color = "hit"
		case miss.String():
			r.Color = "miss"
		}
		r.Rate = known(c.seconds > 0, rate(float64(c.lately[i])/c.seconds))
		if bytes != nil {
			r.Bytes = known(true, size(bytes[i]))
		}
		rows = append(rows, r)
	}
	return rows
}
