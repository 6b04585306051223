package poolz_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolz"
)

func TestThousandPoolsArePagedByTheServer(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	for i := range 1000 {
		f := newFake()
		f.set(func(s *pool.Stats) { s.IdleBytes = int64(i*7919%1000) << 10 })
		publish(t, r, fmt.Sprintf("pool-%03d", i), f)
	}
	h := pageOf(r)
	seen := map[string]bool{}
	pages := 0
	for query := "?sort=held"; query != ""; pages++ {
		answer := getJSON(t, h, query+"&format=json")
		if len(answer.Pools) != poolz.PageSize || answer.Matched != 1000 {
			t.Fatalf("%s: %d pools of %d", query, len(answer.Pools), answer.Matched)
		}
		if pages == 0 && answer.Pools[0].Name != "pool-321" { // 321 × 7919 ≡ 999
			t.Errorf("the first is %s", answer.Pools[0].Name)
		}
		for _, p := range answer.Pools {
			seen[p.Name] = true
		}
		query = answer.Next
	}
	if pages != 20 || len(seen) != 1000 {
		t.Errorf("%d pages with %d pools", pages, len(seen))
	}
	if body := get(t, h, "?format=html&filter=POOL-99").Body.String(); strings.Count(body, `<tr id="row-`) != 10 {
		t.Errorf("the filter leaves %d rows", strings.Count(body, `<tr id="row-`))
	}
	if body := get(t, h, "?format=html&offset=50").Body.String(); strings.Count(body, `<tr id="row-`) != 50 ||
		!strings.Contains(body, `rel="prev"`) ||
		!strings.Contains(body, `rel="next"`) {
		t.Error("the second page has not 50 rows and both links")
	}
	if len(get(t, h, "?format=html").Body.String()) > 100_000 {
		t.Error("a page of 50 rows is more than 100,000 bytes")
	}
}

func TestEveryOrderSorts(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	few, many := newFake(), newFake()
	few.set(func(s *pool.Stats) { s.Requests[pool.Hit] = 5 })
	many.set(func(s *pool.Stats) {
		s.Requests[pool.Hit], s.Requests[pool.Miss] = 50, 50
		s.Returns[pool.Full], s.Evictions[pool.EvictIdle], s.IdleBytes, s.InUse, s.Misuse[pool.MisuseLost] = 9, 9, 9, 9, 1
	})
	publish(t, r, "a-few", few)
	publish(t, r, "many", many)
	publish(t, r, "z-none", newFake())
	h := pageOf(r)
	for sort, first := range map[string]string{
		"attention": "many", "name": "a-few", "requests": "many", "hit": "many", "misses": "many",
		"inuse": "many", "held": "many", "drops": "many", "evictions": "many",
	} {
		other := "a-few"
		if first == other {
			other = "many"
		}
		natural := getJSON(t, h, "?format=json&sort="+sort)
		if got := natural.Pools[0].Name; got != first {
			t.Errorf("sort=%s: %s comes first, want %s", sort, got, first)
		}
		reverse := "asc"
		if sort == "name" || sort == "hit" {
			reverse = "desc"
		}
		reversed := getJSON(t, h, "?format=json&order="+reverse+"&sort="+sort).Pools
		if sort == "hit" && reversed[2].Name != "z-none" {
			t.Errorf("a pool without a hit ratio is not last: %v", reversed)
		}
		if sort != "hit" && sort != "name" {
			other = "a-few" // or z-none, which has as much of it, or less
			if got := reversed[0].Name; got == "z-none" {
				continue
			}
		}
		if sort == "name" {
			other = "z-none"
		}
		if got := reversed[0].Name; got != other {
			t.Errorf("sort=%s&order=%s: %s comes first, want %s", sort, reverse, got, other)
		}
		body := get(t, h, "?format=html&sort="+sort).Body.String()
		if n := strings.Count(body, `aria-sort="ascending"`) + strings.Count(body, `aria-sort="descending"`); n != 1 {
			t.Errorf("sort=%s: %d columns are said to be sorted", sort, n)
		}
	}
}
