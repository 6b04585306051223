package safety

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/otelpool/pool/internal/testcost"
)

// sampled has a request of the class sampled and given back, if one is due.
func sampled(w *Watch, size int) bool {
	if _, due := siteOf(w, 0); !due {
		return false
	}
	b := w.TakeBuffer(nil, 0, size, 1)
	s, _ := w.Return(unsafe.Pointer(unsafe.SliceData(b)))
	w.Confine(s)
	return true
}

// What samples leave to a collection is bounded, whatever their size, and one that is
// larger than the bound and stays in quarantine does not end the sampling.
func TestSamplesLeaveLittleGarbageAndGoOn(t *testing.T) {
	t.Parallel()
	for _, size := range []int{4 << 10, 64 << 10, 3 << 20} {
		w, _ := watched(size)
		for range 100_000 {
			sampled(w, size)
		}
		if got, most := w.bytes.Load(), int64(sampledMemory+size+guard); got > most {
			t.Errorf("%d bytes of stand-ins of %d, more than %d", got, size, most)
		}
		testcost.Until(t, fmt.Sprintf("samples of %d bytes go on after a collection", size), func() (again bool) {
			runtime.GC() // and its cleanups, some time later
			for range 10_000 {
				again = again || sampled(w, size)
			}
			return again
		})
	}
}
