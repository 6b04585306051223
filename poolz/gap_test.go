package poolz_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/otelpool/pool"
)

// faulty panics while it is told to.
type faulty struct {
	*fake
	panics atomic.Bool
}

func (f *faulty) Stats(into *pool.Stats) {
	if f.panics.Load() {
		panic("told to")
	}
	f.fake.Stats(into)
}

// Neither is it idle meanwhile, nor did what it counted happen in one second.
func TestAPoolThatToldNothingForAWhileHasNoFiguresOfThatTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, f := new(pool.Registry), &faulty{fake: newFake()}
		publish(t, r, "a", f)
		publish(t, r, "b", newFake())
		h := pageOf(r)
		v := view(t, h, "&pool=a")
		for second := range 30 {
			synctest.Wait()
			f.panics.Store(second >= 10 && second < 20)
			f.set(func(s *pool.Stats) { served(s, 100); s.InUse = 50 })
			time.Sleep(time.Second)
			synctest.Wait()
			p := getJSON(t, h, "?format=json&sort=name").Pools[0]
			if told := p.Rates != nil; told && p.Rates.Requests != 100 || told != (second < 10 || second > 20) {
				t.Errorf("after %d s: %s, rates %+v", second+1, p.State, p.Rates)
			}
		}
		var hits, inUse []float64
		for _, p := range v.points(t) {
			for chart, into := range map[string]*[]float64{"plot-requests": &hits, "plot-inuse": &inUse} {
				if columns := p.Append[chart]; columns != nil {
					*into = append(*into, columns[1]...)
				}
			}
		}
		if len(hits) != 19 || slices.Min(hits) != 100 || slices.Max(hits) != 100 || slices.Min(inUse) != 50 {
			t.Errorf("the charts got hits %v, in use %v", hits, inUse)
		}
	})
}

// Its total is not what it counts a second.
func TestAPoolThatIsNewHasNoRatesYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		publish(t, r, "a", newFake())
		h := pageOf(r)
		view(t, h, "")
		time.Sleep(5500 * time.Millisecond)
		late := newFake()
		served(&late.stats, 12_345)
		publish(t, r, "late", late)
		for _, want := range []bool{true, false} {
			time.Sleep(time.Second)
			synctest.Wait()
			_, row, _ := strings.Cut(get(t, h, "?format=html&sort=name&order=desc").Body.String(), "<tr id=\"row-")
			row, _, _ = strings.Cut(row, "</tr>")
			if strings.Contains(row, "12,345") || strings.Contains(row, `<td class="num least">–</td>`) != want {
				t.Errorf("unknown: %v: %s", want, row)
			}
		}
	})
}
