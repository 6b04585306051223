package pool

// RequestResult is how a request for an object ended.
type RequestResult uint8

const (
	Hit               RequestResult = iota // a free object was handed out
	Miss                                   // none was free: one was allocated
	Bypass                                 // larger than the largest class: allocated, never pooled
	RequestClosed                          // the pool is closed: allocated
	RequestTimeout                         // the caller's deadline passed while it waited: nothing handed out
	RequestCanceled                        // the caller's context was cancelled while it waited: nothing handed out
	RequestFailed                          // New made none: an error, nil or a panic; nothing handed out
	NumRequestResults = iota
)

// ReturnResult is what became of an object that was given back. Everything but
// Pooled was left to the garbage collector.
type ReturnResult uint8

const (
	Pooled           ReturnResult = iota // kept for the next request
	Full                                 // the pool holds as much as its limit or budget allows
	Oversize                             // larger than the largest class
	Undersize                            // smaller than the smallest class
	Foreign                              // not of a capacity, or an address, that this pool hands out
	Refused                              // the Keep function said no, or it or another panicked, or the mode is ModeCount
	Double                               // given back while it was free already
	NilReturn                            // nil, or a slice without capacity
	ReturnPressure                       // refused under memory pressure
	ReturnClosed                         // the pool is closed
	NumReturnResults = iota
)

// EvictionReason is why a pool dropped a free object.
type EvictionReason uint8

const (
	EvictResize        EvictionReason = iota // the limit was lowered
	EvictPressure                            // Trim, or memory pressure
	EvictIdle                                // unused for longer than the idle age
	EvictBudget                              // least likely to be wanted soon when a shared limit, or the pool's own, was full
	EvictGC                                  // taken by the garbage collector
	EvictClosed                              // the pool was closed
	NumEvictionReasons = iota
)

// String returns the result's name in metrics and in print.
func (r RequestResult) String() string { return labelOf(requestLabels[:], int(r)).name }

// String returns the result's name in metrics and in print.
func (r ReturnResult) String() string { return labelOf(returnLabels[:], int(r)).name }

// String returns the reason's name in metrics and in print.
func (r EvictionReason) String() string { return labelOf(evictionLabels[:], int(r)).name }

// Set is a set of RequestResults, ReturnResults, EvictionReasons or MisuseKinds.
type Set uint16

// SetOf returns the set of the given results, reasons or kinds.
func SetOf[R RequestResult | ReturnResult | EvictionReason | MisuseKind](members ...R) Set {
	var s Set
	for _, m := range members {
		s |= 1 << m
	}
	return s
}

// Has reports whether the i-th result, reason or kind is in the set.
func (s Set) Has(i int) bool { return s>>i&1 != 0 }

const (
	KnowsIdle           Set = 1 << iota // Idle
	KnowsIdleBytes                      // IdleBytes
	KnowsEvictedBytes                   // EvictedBytes
	KnowsInUse                          // InUse
	KnowsInUseBytes                     // InUseBytes
	KnowsAllocatedBytes                 // AllocatedBytes
	KnowsRequestedBytes                 // RequestedBytes
	KnowsLimit                          // Limit; false also where there is none
	KnowsObjectLimit                    // ObjectLimit
	KnowsResizes                        // Grown, Shrunk
	KnowsPending                        // Pending: callers may wait
)

// Knowledge is what a strategy can report: its figures, and the results, reasons and
// kinds of misuse that it can produce. It does not change during a pool's life,
// except for KnowsLimit, which is set while there is a limit.
type Knowledge struct {
	Rows      Set // of the figures that are known: KnowsIdle | …
	Requests  Set // of RequestResult
	Returns   Set // of ReturnResult
	Evictions Set // of EvictionReason
	Misuse    Set // of MisuseKind; empty where nobody looks
}

// countedRows are the figures that stay true when a pool is closed.
const countedRows = KnowsEvictedBytes | KnowsAllocatedBytes | KnowsRequestedBytes | KnowsResizes

// Allocations reports whether Counts.Allocations is known: by every pool that counts
// its misses or its allocated bytes.
func (k Knowledge) Allocations() bool {
	return k.Requests&SetOf(Miss, Bypass, RequestClosed) != 0 || k.Has(KnowsAllocatedBytes)
}

// Has reports whether all of the rows are known.
func (k Knowledge) Has(rows Set) bool { return k.Rows&rows == rows }

// Counts are the totals of a pool, or of one of its size classes, since it was made.
// They never fall, except the two Idle figures.
type Counts struct {
	Requests       [NumRequestResults]uint64
	Returns        [NumReturnResults]uint64
	Evictions      [NumEvictionReasons]uint64
	EvictedBytes   [NumEvictionReasons]uint64
	Allocations    uint64 // objects made: misses, bypasses, after Close, prewarming
	AllocatedBytes uint64 // their capacity
	RequestedBytes uint64 // bytes asked for; with the capacity handed out, the internal waste
	Prewarmed      uint64 // objects made before they were asked for
	Idle           int64  // free objects held now
	IdleBytes      int64  // their capacity: the bytes held
}

// Stats is a snapshot of one pool.
//
// If callers give back what they took, two laws hold whenever nobody is inside the
// pool: Idle = Prewarmed + Pooled − Hit − evictions, and InUse = requests that handed
// something out − returns other than nil and double.
type Stats struct {
	Name     string // "" for a pool that is not published
	Strategy string // "sizeclasses", "fixed", …: the constructor's name in lower case
	Closed   bool   // closed pools keep their counts and hold nothing
	Failed   bool   // a pool of the name panicked when it was asked: nothing is known
	Knows    Knowledge

	Counts
	// InUse objects are handed out and not yet given back. It drifts up where callers
	// do not give back, and below 0 where they give what they never took.
	InUse       int64
	InUseBytes  int64                  // their capacity
	Limit       int64                  // most idle bytes kept, or Unlimited
	ObjectLimit int64                  // most idle objects kept
	Grown       uint64                 // times the limit was raised
	Shrunk      uint64                 // times the limit was lowered
	Pending     int64                  // callers waiting now
	Misuse      [NumMisuseKinds]uint64 // found, each time; of the sampled ones where a pool samples

	Classes []Class // one row per size class, in order of size; nil where there are none
}

// Class is the part of a pool's counts that belongs to one size class. What
// belongs to no class (bypass, foreign, oversize, undersize, nil) is only in
// the totals.
type Class struct {
	Size int64 // bytes
	Counts
}

// Gets returns the number of requests, whatever their result.
func (c *Counts) Gets() uint64 { return sum(c.Requests[:]) }

// Puts returns the number of objects given back, whatever their result.
func (c *Counts) Puts() uint64 { return sum(c.Returns[:]) }

// Evicted returns the number of free objects dropped, for whatever reason.
func (c *Counts) Evicted() uint64 { return sum(c.Evictions[:]) }

// Dropped returns the number of objects given back and not kept, without nils. Those
// that were idle before are Evicted.
func (c *Counts) Dropped() uint64 {
	return c.Puts() - c.Returns[Pooled] - c.Returns[NilReturn]
}

// HitRatio returns hits / (hits + misses): the share of the requests that the pool
// could serve and did. It is 0 if there were none. Requests that bypass the pool
// because of their size do not count.
func (c *Counts) HitRatio() float64 {
	served := c.Requests[Hit] + c.Requests[Miss]
	if served == 0 {
		return 0
	}
	return float64(c.Requests[Hit]) / float64(served)
}

// HandedOut returns the number of requests that gave the caller an object.
func (c *Counts) HandedOut() uint64 {
	return c.Requests[Hit] + c.Requests[Miss] + c.Requests[Bypass] + c.Requests[RequestClosed]
}

// TakenBack returns the number of objects that callers gave up: returns of any result
// but nil and double.
func (c *Counts) TakenBack() uint64 {
	return c.Puts() - c.Returns[NilReturn] - c.Returns[Double]
}

// Add adds d's totals to c.
func (c *Counts) Add(d *Counts) {
	c.addPast(d)
	c.Idle += d.Idle
	c.IdleBytes += d.IdleBytes
}

// addPast is Add for a closed pool's: what is held now stays.
func (c *Counts) addPast(d *Counts) {
	c.combine(d, func(a, b uint64) uint64 { return a + b })
}

// Sub subtracts d, an earlier snapshot, from c's totals; what is held now stays.
func (c *Counts) Sub(d *Counts) {
	c.combine(d, func(a, b uint64) uint64 { return a - b })
}

func (c *Counts) combine(d *Counts, op func(a, b uint64) uint64) {
	apply := func(a, b []uint64) {
		for i := range a {
			a[i] = op(a[i], b[i])
		}
	}
	apply(c.Requests[:], d.Requests[:])
	apply(c.Returns[:], d.Returns[:])
	apply(c.Evictions[:], d.Evictions[:])
	apply(c.EvictedBytes[:], d.EvictedBytes[:])
	c.Allocations = op(c.Allocations, d.Allocations)
	c.AllocatedBytes = op(c.AllocatedBytes, d.AllocatedBytes)
	c.RequestedBytes = op(c.RequestedBytes, d.RequestedBytes)
	c.Prewarmed = op(c.Prewarmed, d.Prewarmed)
}

// Sub turns s into what happened since the earlier snapshot of the same pool: totals
// become differences; figures of now (idle, in use, limits) stay.
func (s *Stats) Sub(earlier *Stats) {
	s.Counts.Sub(&earlier.Counts)
	s.Grown -= earlier.Grown
	s.Shrunk -= earlier.Shrunk
	for k, n := range earlier.Misuse {
		s.Misuse[k] -= n
	}
	for i := range min(len(s.Classes), len(earlier.Classes)) {
		s.Classes[i].Sub(&earlier.Classes[i].Counts)
	}
}

// Reset empties s and keeps its Classes slice for reuse.
func (s *Stats) Reset() {
	*s = Stats{Classes: s.Classes[:0]}
}

func sum(counts []uint64) uint64 {
	var n uint64
	for _, c := range counts {
		n += c
	}
	return n
}
