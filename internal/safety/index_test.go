package safety

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// The index against a list that is searched from end to end.
func TestIndexFindsWhatASearchFinds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var x index
	var all []*StandIn
	overlaps := func(a, b *StandIn) bool { return a.base < b.base+b.span && b.base < a.base+a.span }
	for range 20_000 {
		switch s := (&StandIn{base: uintptr(r.IntN(2000)) + 1, span: uintptr(r.IntN(40)) + 1}); r.IntN(3) {
		case 0:
			all = slices.DeleteFunc(all, func(o *StandIn) bool { return overlaps(s, o) })
			all = append(all, s)
			x.insert(s)
		case 1:
			if len(all) > 0 {
				i := r.IntN(len(all))
				x.remove(all[i])
				x.remove(all[i]) // twice does nothing
				all = slices.Delete(all, i, i+1)
			}
		default:
			var want *StandIn
			for _, o := range all {
				if s.base-o.base < o.span {
					want = o
				}
			}
			if got := x.find(s.base); got != want {
				t.Fatalf("at %d found %+v, want %+v", s.base, got, want)
			}
		}
		if len(x.bases) != len(all) || len(x.records) != len(all) || !slices.IsSorted(x.bases) {
			t.Fatalf("%d bases, %d records, want %d in order", len(x.bases), len(x.records), len(all))
		}
	}
}

func TestAddressesSayYesToWhatIsThereAndToNilOnly(t *testing.T) {
	t.Parallel()
	var objects [1000]int64
	a := &Addresses{mask: ^uintptr(0)}
	added := map[*int64]bool{}
	for i := range objects[:300] {
		added[&objects[i]] = a.add(uintptr(unsafe.Pointer(&objects[i])))
	}
	if n := len(slices.DeleteFunc(slices.Collect(maps.Keys(added)), func(p *int64) bool { return !added[p] })); n == 0 || n >= numPlaces {
		t.Errorf("%d of 300 found a place, want some, and fewer than there are", n)
	}
	for i := range objects {
		if x := &objects[i]; a.May(unsafe.Pointer(x)) != added[x] {
			t.Errorf("May of object %d is %v", i, !added[x])
		}
	}
	if !a.May(nil) || !None.May(nil) || None.May(unsafe.Pointer(&objects[0])) {
		t.Error("nil has to be looked at, and where nobody looks nothing else")
	}
	strict := new(Addresses)
	if !strict.add(uintptr(unsafe.Pointer(&objects[0]))) || !strict.May(unsafe.Pointer(&objects[1])) {
		t.Error("a strict pool looks at all")
	}
	for x := range added {
		a.remove(uintptr(unsafe.Pointer(x)))
		if a.May(unsafe.Pointer(x)) {
			t.Error("what was removed is there")
		}
	}
}
