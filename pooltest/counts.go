package pooltest

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/otelpool/pool"
)

func statsOf(src pool.Source) (s pool.Stats) {
	src.Stats(&s)
	return s
}

func checkCounts(t *testing.T, s subject) {
	src := as[pool.Source](t, s)
	back := s.hold(100)
	checkTotals(t, src, 100, 0)
	back()
	checkTotals(t, src, 100, 100)
	s.storm(steps(300), func() {})
	n := uint64(100 + stormers*steps(300))
	checkTotals(t, src, n, n)
}

// checkTotals compares the counts with the calls made, and with the laws of
// pool.Stats.
func checkTotals(t *testing.T, src pool.Source, gets, puts uint64) {
	t.Helper()
	s := statsOf(src)
	if s.Gets() != gets || s.HandedOut() != gets {
		t.Errorf("%d Gets were counted, %d of them handed out: want %d; requests %v",
			s.Gets(), s.HandedOut(), gets, s.Requests)
	}
	if s.Puts() != puts || s.TakenBack() != puts {
		t.Errorf("%d Puts were counted, %d of them taken back: want %d; returns %v", s.Puts(), s.TakenBack(), puts, s.Returns)
	}
	if out := int64(gets - puts); s.Knows.Has(pool.KnowsInUse) && s.InUse != out {
		t.Errorf("InUse is %d: want %d", s.InUse, out)
	}
	if gets == puts && s.InUseBytes != 0 {
		t.Errorf("InUseBytes is %d: everything was given back", s.InUseBytes)
	}
	checkLaws(t, s)
}

// checkLaws checks the equations between the figures of every Stats.
func checkLaws(t *testing.T, s pool.Stats) {
	t.Helper()
	want := int64(s.Prewarmed + s.Returns[pool.Pooled] - s.Requests[pool.Hit] - s.Evicted())
	if s.Knows.Has(pool.KnowsIdle) && s.Idle != want {
		t.Errorf("Idle is %d: want prewarmed + pooled − hits − evictions = %d", s.Idle, want)
	}
	if s.Knows.Has(pool.KnowsLimit|pool.KnowsIdleBytes) && s.IdleBytes > s.Limit {
		t.Errorf("IdleBytes is %d: the limit is %d", s.IdleBytes, s.Limit)
	}
	checkKnowledge(t, &s)
	checkClasses(t, &s)
}

func checkClasses(t *testing.T, s *pool.Stats) {
	t.Helper()
	var sum pool.Counts
	for i := range s.Classes {
		sum.Add(&s.Classes[i].Counts)
		if i > 0 && s.Classes[i].Size <= s.Classes[i-1].Size {
			t.Errorf("class %d of %d bytes follows one of %d: want ascending sizes", i, s.Classes[i].Size, s.Classes[i-1].Size)
		}
	}
	if sum.Gets() > s.Gets() || sum.Puts() > s.Puts() || sum.Evicted() > s.Evicted() || sum.Idle > s.Idle {
		t.Errorf("the sum over classes exceeds the pool's counts: %+v, %+v", sum, s.Counts)
	}
}

// checkKnowledge fails for a figure that the pool says it cannot know.
func checkKnowledge(t *testing.T, s *pool.Stats) {
	t.Helper()
	for r, n := range s.Requests {
		known(t, s.Knows.Requests.Has(r), n, pool.RequestResult(r), "requests")
	}
	for r, n := range s.Returns {
		known(t, s.Knows.Returns.Has(r), n, pool.ReturnResult(r), "returns")
	}
	for r, n := range s.Evictions {
		known(t, s.Knows.Evictions.Has(r), n, pool.EvictionReason(r), "evictions")
	}
	checkRows(t, s)
}

func known(t *testing.T, knows bool, n uint64, kind fmt.Stringer, of string) {
	t.Helper()
	if n > 0 && !knows {
		t.Errorf("%d %s are %v: not in Knows.%s", n, of, kind, strings.ToUpper(of[:1])+of[1:])
	}
}

func checkRows(t *testing.T, s *pool.Stats) {
	t.Helper()
	for _, row := range []struct {
		name  string
		bit   pool.Set
		value int64
	}{
		{"Idle", pool.KnowsIdle, s.Idle},
		{"IdleBytes", pool.KnowsIdleBytes, s.IdleBytes},
		{"InUse", pool.KnowsInUse, s.InUse},
		{"InUseBytes", pool.KnowsInUseBytes, s.InUseBytes},
		{"AllocatedBytes", pool.KnowsAllocatedBytes, int64(s.AllocatedBytes)},
		{"RequestedBytes", pool.KnowsRequestedBytes, int64(s.RequestedBytes)},
	} {
		if row.value != 0 && !s.Knows.Has(row.bit) {
			t.Errorf("%s is %d: not in Knows.Rows", row.name, row.value)
		}
	}
}

// checkCountsUp reads while others use the pool: a count that falls would be a
// negative rate on a dashboard. It stops at the first failure.
func checkCountsUp(t *testing.T, s subject) {
	src := as[pool.Source](t, s)
	var last, now pool.Stats
	s.storm(steps(600), func() {
		if t.Failed() {
			return
		}
		last, now = now, last
		src.Stats(&now)
		checkNoneDown(t, &last, &now)
	})
}

func checkNoneDown(t *testing.T, last, now *pool.Stats) {
	for r := range now.Requests {
		notDown(t, pool.RequestResult(r).String(), last.Requests[r], now.Requests[r])
	}
	for r := range now.Returns {
		notDown(t, pool.ReturnResult(r).String(), last.Returns[r], now.Returns[r])
	}
	for r := range now.Evictions {
		notDown(t, pool.EvictionReason(r).String(), last.Evictions[r], now.Evictions[r])
	}
	notDown(t, "allocations", last.Allocations, now.Allocations)
}

func notDown(t *testing.T, name string, last, now uint64) {
	if now < last {
		t.Errorf("the count of %s went down from %d to %d", name, last, now)
	}
}

// checkOverwrites reads into a struct that is filled already. A collection may
// change the figures between two calls, so it tries again.
func checkOverwrites(t *testing.T, s subject) {
	src := as[pool.Source](t, s)
	s.hold(50)()
	var fresh, used pool.Stats
	for range 10 {
		fresh, used = pool.Stats{}, garbage()
		src.Stats(&fresh)
		src.Stats(&used)
		if len(fresh.Classes) == 0 && len(used.Classes) == 0 {
			fresh.Classes, used.Classes = nil, nil
		}
		if reflect.DeepEqual(fresh, used) {
			return
		}
	}
	t.Errorf("Stats leaves something of the struct it is given:\n%+v\n%+v", fresh, used)
}

// garbage is a Stats without a zero in it.
func garbage() (s pool.Stats) {
	fill(reflect.ValueOf(&s).Elem())
	return s
}

// fill sets every field and element to a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 3, 3))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i))
		}
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	default:
		v.Set(reflect.ValueOf(99).Convert(v.Type()))
	}
}
