package strategies

import (
	"container/list"
	"context"
	"math/bits"
	"sync"
	"sync/atomic"
)

// slots is a lock-free free list of slot numbers with a FIFO queue of waiters. It never
// gives a number to two owners.
//
// The free numbers form a stack: head holds the number on top, and link, for each
// free number, the one below. All of the state that an operation depends on is
// in head, one word: the top, a mark that someone waits, a mark that the set is
// closed, and a tag that every change of head increments.
//
// Why no number has two owners. take reads head, then the link of its top, and
// changes head by compare-and-swap. If that succeeds, the tag is the one read, so
// there was no change in between: the number was on top and free all the time,
// links of free numbers do not change, so the link read is the one below, and
// whoever else read the same head fails. The tag has 52 bits with a thousand
// numbers: for it to be the same again, a goroutine must stall between the two
// while 2^52 operations are done, which is years. (With 2^30, 31 bits.)
// release pushes a number that it owns: claim gave it to exactly one caller, by
// compare-and-swap from linkOut; a second one finds the number claimed or free.
//
// Why nobody waits in vain. A waiter is queued, and the mark set, under mu, with
// a compare-and-swap from a head that was empty and open. A release that changed
// head before makes it fail, and the caller takes that number. A release that
// comes after fails in turn, sees the mark, and takes mu to serve the queue's
// first. While the mark is set, head changes under mu only, and it is set exactly
// while there is a queue, whenever mu is free.
//
// Why nobody overtakes. The mark is only ever set with an empty stack and a marked
// stack stays empty: take finds nothing, and release hands numbers to the queue.
type slots struct {
	head atomic.Uint64
	_    [56]byte // padding prevents false sharing

	link    []atomic.Uint32 // linkOut, or linkFree + the number below + 1
	tagUnit uint64          // the lowest bit of the tag
	evicted atomic.Uint64   // free numbers that close dropped
	pending atomic.Int64    // length of queue

	mu    sync.Mutex // guards queue and the marks in head
	queue list.List  // of *waiter, in order of arrival
}

// A head is, from the lowest bit: closed, waiting, the top + 1 or 0, the tag.
const (
	headClosed = 1 << iota
	headWaiting
	headTop // the lowest bit of the top
)

const (
	linkOut  = 0 // handed out
	linkFree = 1 // claimed, or free; more means that there is one below

	maxSlots = 1 << 30

	// What a waiter is sent besides numbers.
	slotNone   = 1<<32 - 1 // its context is done
	slotClosed = 1<<32 - 2 // the set is closed
)

// waiter is one who waits. Whoever takes it from the queue sends it one answer.
type waiter struct {
	answer chan uint32 // with room for it
	place  *list.Element
}

// init makes count numbers, all free, 0 on top.
func (s *slots) init(count int) {
	s.tagUnit = headTop << bits.Len(uint(count))
	s.link = make([]atomic.Uint32, count)
	for i := range s.link[:count-1] {
		s.link[i].Store(linkFree + uint32(i) + 2)
	}
	s.link[count-1].Store(linkFree)
	s.head.Store(headTop)
}

// top is the number on top + 1, or 0.
func (s *slots) top(head uint64) uint32 { return uint32(head & (s.tagUnit - 1) / headTop) }

// next is the head that follows, with another top and no marks.
func (s *slots) next(head uint64, top uint32) uint64 {
	return head&^(s.tagUnit-1) + s.tagUnit + uint64(top)*headTop
}

func (s *slots) closed() bool { return s.head.Load()&headClosed != 0 }

// take takes a free number, if there is one and nobody waits.
func (s *slots) take() (slot uint32, ok bool) {
	for {
		head := s.head.Load()
		top := s.top(head)
		if top == 0 {
			return 0, false
		}
		slot = top - 1
		below := s.link[slot].Load() - linkFree // nonsense if another took it; then the swap fails
		if s.head.CompareAndSwap(head, s.next(head, below)) {
			s.link[slot].Store(linkOut)
			return slot, true
		}
	}
}

// claim makes the caller the one who releases the number, unless it is free or
// being released already.
func (s *slots) claim(slot uint32) bool {
	return s.link[slot].Load() == linkOut && s.link[slot].CompareAndSwap(linkOut, linkFree)
}

// release frees a number that the caller has claimed, or hands it on to the first
// who waits. It reports false if the set is closed.
func (s *slots) release(slot uint32) bool {
	for {
		head := s.head.Load()
		switch {
		case head&headClosed != 0:
			return false
		case head&headWaiting != 0:
			if s.handOn(slot) {
				return true
			}
		default:
			s.link[slot].Store(linkFree + s.top(head))
			if s.head.CompareAndSwap(head, s.next(head, slot+1)) {
				return true
			}
		}
	}
}

// handOn gives a claimed number to the first who waits, if there still is one.
func (s *slots) handOn(slot uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.queue.Front()
	if first == nil {
		return false
	}
	w := s.remove(first)
	s.link[slot].Store(linkOut)
	w.answer <- slot
	return true
}

// remove takes a waiter from the queue, and the mark with the last. The caller
// holds mu.
func (s *slots) remove(place *list.Element) *waiter {
	w := s.queue.Remove(place).(*waiter)
	w.place = nil
	s.pending.Add(-1)
	if head := s.head.Load(); s.queue.Len() == 0 && head&headWaiting != 0 {
		s.head.Store(s.next(head, 0)) // head is ours: the mark is set and we hold mu
	}
	return w
}

// enqueue takes a number, or reports the set closed, or queues the caller.
func (s *slots) enqueue() (slot uint32, w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		head := s.head.Load()
		if head&headClosed != 0 {
			return slotClosed, nil
		}
		if slot, ok := s.take(); ok {
			return slot, nil
		}
		marked := head&headWaiting != 0
		if marked || s.top(head) == 0 && s.head.CompareAndSwap(head, s.next(head, 0)|headWaiting) {
			break
		}
	}
	w = &waiter{answer: make(chan uint32, 1)}
	w.place = s.queue.PushBack(w)
	s.pending.Add(1)
	return 0, w
}

// wait waits for an answer, or until ctx is done.
func (s *slots) wait(ctx context.Context, w *waiter) uint32 {
	select {
	case slot := <-w.answer:
		return slot
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.place == nil {
		return <-w.answer // sent before mu was free
	}
	s.remove(w.place)
	return slotNone
}

// close drops the free numbers and ends all waits.
func (s *slots) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var head uint64
	for swapped := false; !swapped; swapped = s.head.CompareAndSwap(head, s.next(head, 0)|headClosed) {
		if head = s.head.Load(); head&headClosed != 0 {
			return
		}
	}
	var free uint64
	for top := s.top(head); top != 0; free++ { // cut off: nobody else can change it
		top = s.link[top-1].Load() - linkFree
	}
	s.evicted.Store(free)
	for s.queue.Len() > 0 {
		s.remove(s.queue.Front()).answer <- slotClosed
	}
}
