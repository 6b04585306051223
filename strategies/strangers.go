package strategies

import "sync/atomic"

// strangers is how a strict pool of objects tells those of others: it knows all that
// it hands out, but for those that could not be stand-ins, or went out while it
// did not look. As many as there are of these it takes back unseen, so that nobody is
// accused who did right.
type strangers struct {
	strict  bool
	unseen  atomic.Int64
	refused atomic.Uint64
}

// missed is told of an object that went out unseen.
func (s *strangers) missed() {
	if s.strict {
		s.unseen.Add(1)
	}
}

// excuses reports whether an object that the pool does not know may be its own.
func (s *strangers) excuses() bool {
	for {
		n := s.unseen.Load()
		if n <= 0 {
			return false
		}
		if s.unseen.CompareAndSwap(n, n-1) {
			return true
		}
	}
}
