// Package migrated has a sync.Pool in every place where a type can be.
package migrated

import (
	"bytes"
	"sync" // and a mutex
)

var zero sync.Pool // its zero value works

var filled = sync.Pool{New: func() any { return new(bytes.Buffer) }}

var pointer = &sync.Pool{
	New: func() any { return new(bytes.Buffer) },
}

type server struct {
	mu   sync.Mutex
	bufs sync.Pool
	more [4]sync.Pool
	by   map[string]*sync.Pool
	sync.Pool
}

func (s *server) pools(more ...*sync.Pool) []*sync.Pool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bufs = sync.Pool{New: filled.New}
	s.by = map[string]*sync.Pool{"bufs": &s.bufs, "new": new(sync.Pool)}
	s.Put(s.Get())
	return append(more, &zero, pointer, &s.more[0], &s.Pool, s.by["new"])
}
