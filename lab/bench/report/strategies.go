package main

import "strings"

// strategiesBlock is the figures of docs/strategies.md: each strategy, with its
// metrics collected every second, beside make and sync.Pool.
func strategiesBlock(r *results) string {
	columns := []struct {
		title string
		at    id
	}{
		{"Get and Put, 1 P", id{Case: "GetPut", Param: "size=1024", CPU: "1"}},
		{"parallel, 2 Ps", id{Case: "GetPutParallel", Param: "size=1024", CPU: "2"}},
		{"mixed sizes, 1 P", id{Case: "Mixed", Param: "size=mixed", CPU: "1"}},
		{"get here, put there, 2 Ps", id{Case: "Handoff", Param: "size=1024", CPU: "2"}},
		{"bursts, 1 P", id{Case: "Burst", Param: "size=1024", CPU: "1"}},
	}
	header := []string{"strategy"}
	for _, c := range columns {
		header = append(header, c.title)
	}
	t := newTable(append(header, "hits under collections")...)
	for _, pool := range []string{"make", "syncpool", "wrap", "fixed-otel", ours} {
		cells := []string{emphasis(pool)}
		for _, c := range columns {
			cells = append(cells, r.nanosecondsOf(c.at, pool))
		}
		hit := id{Case: "Starved", Pool: pool, Param: "size=1024", CPU: "2"}
		cell := ""
		if s, ok := r.summary(hit, "hit-%"); ok {
			cell = trimmed(s.Center) + " %"
		}
		t.row(append(cells, cell)...)
	}
	objects := newTable("objects of 256 B", "1 P", "parallel, 2 Ps")
	for _, pool := range []string{"make", "syncpool", "wrap", "sync-otel", "bounded-otel"} {
		objects.row(pool, r.nanosecondsOf(id{Case: "Objects", Param: "size=256", CPU: "1"}, pool),
			r.nanosecondsOf(id{Case: "ObjectsParallel", Param: "size=256", CPU: "2"}, pool))
	}
	return environment(r) + "\nNanoseconds per Get and Put of 1 KiB, where nothing else is said:\n\n" +
		t.String() + "\n" + strings.TrimRight(objects.String(), "\n")
}

// nanosecondsOf is a pool's time at a setting; nothing if it was not measured.
func (r *results) nanosecondsOf(at id, pool string) string {
	at.Pool = pool
	s, ok := r.summary(at, "sec/op")
	if !ok {
		return ""
	}
	return nanoseconds(s.Center)
}

// memoryBlock is the block of docs/strategies.md about memory.
func memoryBlock(r *results) string {
	pools := id{Case: "GrowthPools", Pool: "sizeclasses", Param: "pools=1000", CPU: "2"}
	t := newTable("`SizeClasses` with its 13 default classes", "bytes")
	t.row("a pool that was never used", trimmed(r.median(pools, "unused-B")))
	t.row("one that one P uses, beside its buffers", trimmed(r.median(pools, "overhead-B")))
	many := id{Case: "GrowthIdle", Pool: "sizeclasses", Param: "idle=1000000", CPU: "2"}
	t.row("beside each of a million idle buffers", trimmed(r.median(many, "overhead-B")))
	many.Pool = "slice"
	t.row("the same in a `[][]byte`", trimmed(r.median(many, "overhead-B")))

	gc := newTable("processor time of one garbage collection with", "`SizeClasses`", "`[][]byte`")
	for _, n := range []string{"0", "10000", "100000", "1000000"} {
		cells := []string{n + " idle buffers of 64 B"}
		for _, pool := range []string{"sizeclasses", "slice"} {
			at := id{Case: "GrowthIdle", Pool: pool, Param: "idle=" + n, CPU: "2"}
			cells = append(cells, scaled(r.median(at, "gc-cpu-sec/op"), "sec/op"))
		}
		gc.row(cells...)
	}
	return environment(r) + "\n" + t.String() + "\n" + strings.TrimRight(gc.String(), "\n")
}
