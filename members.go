package pool

import (
	"sync"
	"sync/atomic"
)

// members is a list of callbacks, or of a budget's pools: reading it takes no lock, and a
// member that is called may add and remove others. The list is made anew when half of its
// seats are empty, so that leaving costs the same however many there are.
type members[M any] struct {
	mu    sync.Mutex // serializes changes
	seats shared[*atomic.Pointer[M]]
	empty int // seats; guarded by mu
}

// join adds m until leave is called.
func (l *members[M]) join(m M) (leave func()) {
	seat := new(atomic.Pointer[M])
	seat.Store(&m)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seats.add(seat)
	return func() { l.leave(seat) }
}

func (l *members[M]) leave(seat *atomic.Pointer[M]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seat.Swap(nil) == nil {
		return
	}
	l.empty++
	if 2*l.empty > l.len() {
		l.seats.remove(func(s *atomic.Pointer[M]) bool { return s.Load() == nil })
		l.empty = 0
	}
}

// len is the number of seats: 0 only if there is no member.
func (l *members[M]) len() int { return len(l.seats.all()) }

// all calls yield for every member.
func (l *members[M]) all(yield func(M) bool) {
	for _, s := range l.seats.all() {
		if m := s.Load(); m != nil && !yield(*m) {
			return
		}
	}
}
