package strategies

import "sync/atomic"

// strangers lets a strict pool of objects recognize those of others. The pool knows all
// objects that it hands out, except those that could not be stand-ins or went out while
// it did not check. It accepts as many unknown objects as it handed out unseen, so that
// no correct caller is accused.
type strangers struct {
	unseen  atomic.Int64
	refused atomic.Uint64
}

// missed counts an object that went out unseen.
func (c *bounded) missed() {
	if c.safety == SafetyStrict {
		c.strangers.unseen.Add(1)
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
