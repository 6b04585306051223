package sim

import (
	"container/heap"
	"time"

	"github.com/otelpool/pool/internal/trace"
)

// Never is the end of a gap that lasts beyond the recording.
const Never = time.Duration(1<<63 - 1)

// Gap is the time between two uses of one object of an endless stack.
type Gap struct {
	From, To time.Duration // To is Never if it was not used again
	Class    int32
}

// Gaps calls fn for every gap of the trace, in order of their ends (those
// without one last), and returns the first uses, which miss in any pool.
func Gaps(t *trace.Trace, fn func(Gap)) (cold []int64) {
	cold = make([]int64, len(t.Sizes))
	stacks := make([]stack, len(t.Sizes))
	for _, e := range t.Events {
		s := &stacks[e.Class]
		switch {
		case e.Put:
			s.push(e.At)
		case s.n > 0:
			fn(Gap{s.pop(), e.At, e.Class})
		default:
			cold[e.Class]++
		}
	}
	for class := range stacks {
		for s := &stacks[class]; s.n > 0; {
			fn(Gap{s.pop(), Never, int32(class)})
		}
	}
	return cold
}

// Optimum is the result of the best policy with knowledge of the whole trace: it
// holds an object through a gap if the gap is shorter than T, and drops it at once
// if not. Viewed as a curve over time, the objects it holds are the closing of
// demand by T.
func Optimum(t *trace.Trace, breakEven time.Duration) Result {
	r := newResult("optimum", t)
	var steps levels
	for class, n := range Gaps(t, func(g Gap) {
		size := t.Sizes[g.Class]
		switch {
		case g.To == Never:
		case g.To-g.From < breakEven:
			r.IdleByteSeconds += float64(size) * (g.To - g.From).Seconds()
			steps.add(g.From, g.To, size)
		default:
			r.Misses++
			r.MissedBytes += size
		}
	}) {
		r.Misses += n
		r.MissedBytes += n * t.Sizes[class]
	}
	r.PeakIdle = steps.peak()
	return r.priced(breakEven)
}

// Clairvoyant is the bytes missed by a pool of limited bytes that knows when
// each object is used next, and drops the one used last: Belady's rule, which is
// the optimum for objects of one size and close to it for others.
func Clairvoyant(t *trace.Trace, budget int64) Result {
	r := newResult("clairvoyant", t)
	next := nextUses(t)
	held := &byEnd{at: make(map[int]int)}
	stacks := make([][]int, len(t.Sizes))
	var idle account
	for i, e := range t.Events {
		size, s := t.Sizes[e.Class], &stacks[e.Class]
		if e.Put {
			*s = append(*s, i)
			if next[i] != Never {
				heap.Push(held, reuse{i, next[i], size})
				idle.add(e.At, size)
			}
			for idle.bytes > budget {
				idle.add(e.At, -heap.Pop(held).(reuse).size)
			}
			idle.settle()
			continue
		}
		if last := len(*s) - 1; last >= 0 {
			from := (*s)[last]
			*s = (*s)[:last]
			if at, ok := held.at[from]; ok {
				heap.Remove(held, at)
				idle.add(e.At, -size)
				continue
			}
		}
		r.Misses++
		r.MissedBytes += size
	}
	r.idle(&idle, t.End())
	return r
}

// nextUses is, for every put, when its object is used next.
func nextUses(t *trace.Trace) []time.Duration {
	next := make([]time.Duration, len(t.Events))
	stacks := make([][]int, len(t.Sizes))
	for i, e := range t.Events {
		next[i] = Never
		s := &stacks[e.Class]
		if e.Put {
			*s = append(*s, i)
		} else if last := len(*s) - 1; last >= 0 {
			next[(*s)[last]] = e.At
			*s = (*s)[:last]
		}
	}
	return next
}

type reuse struct {
	put  int
	end  time.Duration
	size int64
}

// byEnd is a heap of held objects, the one used last on top.
type byEnd struct {
	all []reuse
	at  map[int]int // position by put
}

func (h *byEnd) Len() int           { return len(h.all) }
func (h *byEnd) Less(i, j int) bool { return h.all[i].end > h.all[j].end }
func (h *byEnd) Swap(i, j int) {
	h.all[i], h.all[j] = h.all[j], h.all[i]
	h.at[h.all[i].put], h.at[h.all[j].put] = i, j
}

func (h *byEnd) Push(x any) {
	r := x.(reuse)
	h.at[r.put] = len(h.all)
	h.all = append(h.all, r)
}

func (h *byEnd) Pop() any {
	last := len(h.all) - 1
	r := h.all[last]
	h.all = h.all[:last]
	delete(h.at, r.put)
	return r
}
