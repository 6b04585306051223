package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/otelpool/pool/internal/cgroup"
)

// scenario is a service, its control group, and what happens around it.
type scenario struct {
	name      string
	limit     int64  // of the group
	memLimit  string // GOMEMLIMIT of the setting that has one
	plan      plan
	free      *plan // in the setting without GOMEMLIMIT, where that differs
	neighbour *neighbour
	changes   []change // of the group's limits
	second    bool     // exists with control groups of the second version only
	disk      bool     // needs temporary files on a disk
	length    length   // the shortest form that has it
	claims    claims
}

// change is a new limit of the group.
type change struct {
	After time.Duration
	Max   int64 // 0 leaves it
	High  int64 // 0 leaves it
}

// claims is what ours promises in a scenario beside being no worse than
// unlimited and sync.Pool.
type claims struct {
	survives   float64 // at least this share of the runs, of process and neighbour
	bites      bool    // unlimited dies or spends its time in GC: else nothing is shown
	cheap      bool    // little GC
	calm       bool    // no level above elevated, and hits
	maxChanges float64 // of the level in a minute; 0 is any
}

// length is how much of the table is run.
type length int

const (
	short length = iota
	quick
	full
)

const groupLimit = 256 * mib

// settings are those of each scenario.
var settings = []string{"GOMEMLIMIT", "off"}

func (s *scenario) env(setting string) string {
	if setting == "off" {
		return "off"
	}
	return s.memLimit
}

func (s *scenario) lived(setting string) plan {
	if setting == "off" && s.free != nil {
		return *s.free
	}
	return s.plan
}

// scenarios is the table, in the order in which it is printed.
func scenarios() []scenario {
	list := []scenario{heapGrows()}
	for _, taken := range []int64{110, 140} {
		for _, pace := range []time.Duration{40, 6, 1} {
			list = append(list, steadyUse(taken*mib, pace*time.Millisecond))
		}
	}
	for _, pace := range []time.Duration{40, 6, 1} {
		list = append(list, idleHoard(pace*time.Millisecond))
	}
	list = append(list, pageCache(), slab(), stallsElsewhere(), resized(), ownHigh(), squeeze())
	for i := range list {
		s := &list[i]
		s.limit, s.memLimit = orDefault(s.limit, groupLimit), orDefault(s.memLimit, "230MiB")
	}
	return list
}

func orDefault[T comparable](v, otherwise T) T {
	if v == *new(T) {
		return otherwise
	}
	return v
}

// scenarioNames is for messages.
func scenarioNames() (names []string) {
	for _, s := range scenarios() {
		names = append(names, s.name)
	}
	return names
}

// heapGrows is bursts of large buffers, and then a heap that needs the memory.
func heapGrows() scenario {
	limited := traffic(15500*time.Millisecond, 24<<10)
	limited.Bursts = []burst{
		{After: time.Second, Every: 1050 * time.Millisecond, Held: 50 * time.Millisecond, Times: 5, Bytes: 160 * mib, Size: largest},
	}
	limited.Heap = heap{After: 5500 * time.Millisecond, During: 3 * time.Second, Bytes: 150 * mib}
	free := limited
	free.Heap.Bytes = 80 * mib
	return scenario{name: "heap", plan: limited, free: &free, length: short, claims: claims{survives: 1, bites: true, cheap: true}}
}

// traffic is requests with a buffer of up to 64 KiB each.
func traffic(lasts time.Duration, garbage int) plan {
	return plan{Lasts: lasts, Workers: 2, Think: 2 * time.Millisecond, Garbage: garbage}
}

const bufferSize = 64 << 10

// roomy is a budget that large pools fit in: half of the limit, which is the default
// where there is one.
const roomy = 128 * mib

// steadily is a pool all of which is used every second.
func steadily(bytes int64) burst {
	return burst{
		After:   500 * time.Millisecond,
		Every:   time.Second,
		Held:    50 * time.Millisecond,
		Bytes:   bytes,
		Size:    bufferSize,
		Counted: true,
	}
}

// once is a pool that is filled and then lies idle.
func once(after time.Duration, bytes int64) burst {
	return burst{After: after, Held: 50 * time.Millisecond, Times: 1, Bytes: bytes, Size: bufferSize}
}

const (
	warmUp = 5 * time.Second // before anything happens
	rest   = 4 * time.Second // after it has
)

// taking is how long a neighbour takes.
func (n *neighbour) taking() time.Duration { return time.Duration(n.Bytes/mib) * n.PerMiB }

// beside gives a service a neighbour that takes memory, and time for it.
func beside(name string, p plan, bytes int64, pace time.Duration) scenario {
	n := &neighbour{After: warmUp, Bytes: bytes, PerMiB: pace}
	p.Lasts = warmUp + n.taking() + rest
	n.Holds = rest
	return scenario{name: fmt.Sprintf("%s-%d-at-%d", name, bytes/mib, pace.Milliseconds()), plan: p, neighbour: n, length: full}
}

func steadyUse(bytes int64, pace time.Duration) scenario {
	p := traffic(0, 0)
	p.Budget = roomy
	p.Bursts = []burst{steadily(100 * mib)}
	s := beside("steady", p, bytes, pace)
	if bytes == 140*mib && pace < 40*time.Millisecond {
		s.length = quick
	}
	if bytes == 140*mib && pace == 6*time.Millisecond {
		s.length = short
	}
	return s
}

func idleHoard(pace time.Duration) scenario {
	p := traffic(0, 0)
	p.Budget = roomy
	p.Bursts = []burst{once(500*time.Millisecond, 100*mib)}
	s := beside("hoard", p, 200*mib, pace)
	s.claims = claims{survives: 1, bites: true}
	s.length = quick
	switch pace {
	case 6 * time.Millisecond:
		s.length = short
	case time.Millisecond:
		s.claims.survives = 0.8
	}
	return s
}

// pageCache is a service that reads a file which almost fills its group, and
// which the kernel would give up at once.
func pageCache() scenario {
	p := traffic(20*time.Second, 0)
	p.Bursts = []burst{steadily(4 * mib)}
	p.File = file{After: time.Second, Every: 500 * time.Millisecond, Bytes: 236 * mib}
	return scenario{name: "page-cache", plan: p, disk: true, length: quick, claims: claims{survives: 1, calm: true}}
}

// slab is the same with what the kernel remembers of names.
func slab() scenario {
	p := traffic(20*time.Second, 0)
	p.Bursts = []burst{steadily(4 * mib)}
	p.Names = names{After: time.Second, Count: 800_000}
	return scenario{name: "slab", plan: p, disk: true, length: quick, claims: claims{survives: 1, calm: true}}
}

// stallsElsewhere is a neighbour in another group that waits for memory.
func stallsElsewhere() scenario {
	p := traffic(20*time.Second, 0)
	p.Budget = roomy
	p.Bursts = []burst{steadily(50 * mib)}
	n := &neighbour{After: time.Second, Bytes: 64 * mib, Holds: 17 * time.Second, Elsewhere: 16 * mib, Stalls: true}
	return scenario{name: "stalls-elsewhere", plan: p, neighbour: n, disk: true, length: quick, claims: claims{survives: 1, calm: true}}
}

// resized is a limit that shrinks below what the service will need, and is taken
// away in the end.
func resized() scenario {
	p := traffic(20*time.Second, 0)
	p.Budget = roomy
	p.Bursts = []burst{steadily(60 * mib), once(8*time.Second, 120*mib)}
	p.Heap = heap{After: 10 * time.Second, During: 3 * time.Second, Bytes: 100 * mib}
	return scenario{
		name: "resized", limit: 512 * mib, memLimit: "460MiB", plan: p, length: quick,
		changes: []change{{After: warmUp, Max: 200 * mib}, {After: 17 * time.Second, Max: cgroup.NoLimit}},
		claims:  claims{survives: 1},
	}
}

// ownHigh is a group that throttles long before it kills.
func ownHigh() scenario {
	p := traffic(16*time.Second, 0)
	p.Budget = roomy
	p.Bursts = []burst{once(500*time.Millisecond, 100*mib), steadily(20 * mib)}
	p.Heap = heap{After: warmUp, During: 4 * time.Second, Bytes: 80 * mib}
	return scenario{
		name: "high", plan: p, second: true, length: quick,
		changes: []change{{High: 160 * mib}}, claims: claims{survives: 1},
	}
}

// squeeze is a neighbour that comes and goes.
func squeeze() scenario {
	p := traffic(warmUp+60*time.Second, 0)
	p.Budget = roomy
	p.Bursts = []burst{steadily(60 * mib)}
	n := &neighbour{
		After:  warmUp,
		Bytes:  150 * mib,
		PerMiB: 6 * time.Millisecond,
		Holds:  14 * time.Second,
		Every:  30 * time.Second,
		Times:  2,
	}
	return scenario{name: "squeeze", plan: p, neighbour: n, length: full, claims: claims{maxChanges: 4}}
}

// chosen are the scenarios of a name in the list, or of a length if the list is
// empty.
func chosen(names []string, l length) (list []scenario) {
	for _, s := range scenarios() {
		if slices.Contains(names, s.name) || len(names) == 0 && s.length <= l {
			list = append(list, s)
		}
	}
	return list
}
