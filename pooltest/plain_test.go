package pooltest_test

import (
	"sync"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/pooltest"
)

// stack is a minimal pool: a stack of free buffers, from which the broken pools
// are made.
type stack struct {
	mu   sync.Mutex
	free [][]byte
}

func (s *stack) Get(n int) []byte {
	if b := s.take(n); b != nil {
		return b[:n]
	}
	return make([]byte, n)
}

// take returns a free buffer that holds n bytes, or nil.
func (s *stack) take(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.takeLocked(n)
}

func (s *stack) takeLocked(n int) []byte {
	for i, b := range s.free {
		if cap(b) >= n && n >= 0 {
			s.free[i] = s.free[len(s.free)-1]
			s.free = s.free[:len(s.free)-1]
			return b
		}
	}
	return nil
}

func (s *stack) Put(b []byte) {
	if cap(b) > 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.free = append(s.free, b[:cap(b)])
	}
}

// objects is the same for objects.
type objects struct {
	mu   sync.Mutex
	free []*int
}

func (o *objects) Get() *int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n := len(o.free); n > 0 {
		x := o.free[n-1]
		o.free = o.free[:n-1]
		return x
	}
	return new(int)
}

func (o *objects) Put(x *int) {
	if x != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.free = append(o.free, x)
	}
}

func TestThePlainestPoolsConform(t *testing.T) {
	t.Parallel()
	t.Run("bytes", func(t *testing.T) {
		pooltest.TestBytes(t, func(*testing.T) pool.Bytes { return new(stack) })
	})
	t.Run("objects", func(t *testing.T) {
		pooltest.TestObjects(t, func(*testing.T) pool.Objects[int] { return new(objects) })
	})
}
