package sim

import "time"

// stack is the free objects of a class, each the time when it was given back.
// It is a ring, since objects leave it at both ends.
type stack struct {
	ring []time.Duration // its length is a power of two, or 0
	head int             // position of the bottom
	n    int
}

func (s *stack) push(at time.Duration) {
	if s.n == len(s.ring) {
		s.grow()
	}
	s.ring[(s.head+s.n)&(len(s.ring)-1)] = at
	s.n++
}

func (s *stack) grow() {
	ring := make([]time.Duration, max(2*len(s.ring), 8))
	for i := range s.n {
		ring[i] = s.ring[(s.head+i)&(len(s.ring)-1)]
	}
	s.ring, s.head = ring, 0
}

// pop takes the one used last.
func (s *stack) pop() time.Duration {
	s.n--
	return s.ring[(s.head+s.n)&(len(s.ring)-1)]
}

// bottom is the one that has lain longest.
func (s *stack) bottom() time.Duration { return s.ring[s.head] }

// shift takes the one that has lain longest.
func (s *stack) shift() time.Duration {
	at := s.ring[s.head]
	s.head = (s.head + 1) & (len(s.ring) - 1)
	s.n--
	return at
}
