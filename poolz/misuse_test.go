package poolz_test

import (
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceghost"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/poolz"
	"github.com/otelpool/pool/strategies"
)

// misuseReport is what tests read of a pool's JSON.
type misuseReport struct {
	State    string
	Misuse   map[string]uint64
	Findings []struct {
		Kind                   string
		Size                   int64
		Taken, Put, PutWrongly []string
	}
	Holders []struct {
		Stack                   []string
		Samples, Objects, Bytes int64
		Oldest                  time.Time
	}
}

func misuseOf(t *testing.T, h http.Handler, name string) misuseReport {
	t.Helper()
	body := get(t, h, "?format=json&pool="+name).Body.Bytes()
	var r struct{ Pools []misuseReport }
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(body), "put_wrongly", "putWrongly")), &r); err != nil || len(r.Pools) != 1 {
		t.Fatalf("%v\n%s", err, body)
	}
	return r.Pools[0]
}

func strictPool(t *testing.T, r *pool.Registry) *strategies.SizeClasses {
	t.Helper()
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{
		Name: "uploads", Registry: r, Safety: strategies.SafetyStrict,
	}))
	t.Cleanup(p.Close)
	return p
}

func giveBackAgain(p pool.Bytes, b []byte) { p.Put(b) }

func TestMisuseIsShownWithItsPlaces(t *testing.T) {
	t.Cleanup(raceghost.Pause()) // it makes mistakes, and is not parallel for that
	r := new(pool.Registry)
	h, p := pageOf(r), strictPool(t, r)
	b := p.Get(3000)
	p.Put(b)
	giveBackAgain(p, b)

	got := misuseOf(t, h, "uploads")
	if got.State != "misused" || got.Misuse["double"] != 1 || len(got.Findings) != 1 {
		t.Fatalf("%+v", got)
	}
	f := got.Findings[0]
	for what, stack := range map[string][]string{"taken": f.Taken, "put": f.Put} {
		if len(stack) == 0 || !strings.Contains(stack[0], "TestMisuseIsShownWithItsPlaces") ||
			!strings.Contains(stack[0], "misuse_test.go:") {
			t.Errorf("%s by %q", what, stack)
		}
	}
	if f.Kind != "double" || len(f.PutWrongly) == 0 || !strings.Contains(f.PutWrongly[0], "giveBackAgain") {
		t.Errorf("%+v", f)
	}
	for _, format := range []string{"text", "html"} {
		body := get(t, h, "?format="+format+"&pool=uploads").Body.String()
		for _, part := range []string{
			"1 double Put", "given back a second time", "given back again by", "poolz_test.giveBackAgain misuse_test.go:",
			" ← poolz_test.TestMisuseIsShownWithItsPlaces",
		} {
			if !strings.Contains(body, part) {
				t.Errorf("%s: no %q in %s", format, part, body)
			}
		}
	}
	if list := get(t, h, "?format=text").Body.String(); !strings.Contains(list, "MISUSED    uploads: 1 double Put") {
		t.Error(list)
	}
}

func hold(p pool.Bytes, sizes ...int) (held [][]byte) {
	for _, n := range sizes {
		held = append(held, p.Get(n))
	}
	return held
}

func TestWhoHoldsWhatIsInUseIsShown(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	h, p := pageOf(r), strictPool(t, r)
	small, large := hold(p, 1000), hold(p, 60_000, 60_000)
	got := misuseOf(t, h, "uploads").Holders
	if len(got) != 2 || got[0].Objects != 2 || got[0].Samples != 2 || got[0].Bytes != 2*int64(cap(large[0])) ||
		got[1].Objects != 1 || time.Since(got[0].Oldest) > time.Minute {
		t.Fatalf("%+v", got)
	}
	if !strings.Contains(got[0].Stack[0], "poolz_test.hold ") || !strings.Contains(got[0].Stack[1], "TestWhoHoldsWhatIsInUseIsShown") {
		t.Errorf("%q", got[0].Stack)
	}
	if body := get(t, h, "?format=html&pool=uploads").Body.String(); !strings.Contains(body, "<code>poolz_test.hold misuse_test.go:") {
		t.Error(body)
	}
	for _, b := range append(small, large...) {
		p.Put(b)
	}
	if got := misuseOf(t, h, "uploads").Holders; len(got) != 0 {
		t.Errorf("all were given back: %+v", got)
	}
}

// sampling is a pool that knows of one object in a hundred, from many places.
type sampling struct {
	*fake
	places int
}

func (s sampling) Samples(yield func(control.Sample) bool) {
	for i := range s.places {
		if !yield(control.Sample{Get: pool.Stack{uintptr(i + 1)}, Size: 9, Weight: 100, Taken: time.Now().Add(-time.Hour)}) {
			return
		}
	}
}

func TestEstimatesAreMarkedAsSuchAndLongListsCut(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "sampling", sampling{newFake(), 13})
	h := pageOf(r)
	body := get(t, h, "?format=text&pool=sampling").Body.String()
	if n := strings.Count(body, "≈ 100 "); n != 10 || !strings.Contains(body, "≈ 900 B") ||
		!strings.Contains(body, "… and 3 more places") {
		t.Errorf("%d of 10 rows in\n%s", n, body)
	}
	if got := misuseOf(t, h, "sampling").Holders; len(got) != 13 || got[0].Objects != 100 || got[0].Samples != 1 {
		t.Errorf("%+v", got)
	}
}

// A program that makes mistakes without end costs the page a bounded amount.
func TestOnlyTheLatestFindingsAreKept(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "broken", newFake())
	h := pageOf(r)
	for i := range 10_000 {
		r.ObserveMisuse(pool.Misuse{Pool: "broken", Kind: pool.MisuseForeign, Size: int64(i)})
	}
	got := misuseOf(t, h, "broken").Findings
	if len(got) != 200 || got[0].Size != 9999 || got[199].Size != 9800 {
		t.Errorf("%d findings, from size %d to %d", len(got), got[0].Size, got[len(got)-1].Size)
	}
}

// A page that nobody serves any more listens to nothing, so that one made for
// each request leaks nothing.
func TestPageThatIsDroppedStopsListening(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	get(t, poolz.Handler(poolz.WithRegistry(r)), "")
	testcost.Until(t, "the registry does not tell it", func() bool { runtime.GC(); return !r.ObservesMisuse() })
}

func TestAConfigThatDoesNotDoIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	h := pageOf(r)
	p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[int]{
		Name: "nothing", Registry: r, New: func() *int { return nil },
	}))
	defer p.Close()
	p.Get()
	got := misuseOf(t, h, "nothing")
	if len(got.Findings) != 1 || got.Findings[0].Kind != "config" || got.Misuse["config"] != 1 {
		t.Errorf("%+v", got)
	}
	if body := get(t, h, "?format=text&pool=nothing").Body.String(); !strings.Contains(body, "config: New returned nil") ||
		!strings.Contains(body, "found") {
		t.Errorf("does not say why:\n%s", body)
	}
}
