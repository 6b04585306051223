package pool

import (
	"slices"
	"sync"
	"sync/atomic"
)

// observers is a copy-on-write list of callbacks: calling them takes no lock, and a
// callback may add and remove others.
type observers[F any] struct {
	mu   sync.Mutex // serializes changes
	list atomic.Pointer[[]*F]
}

func (o *observers[F]) all() []*F {
	if p := o.list.Load(); p != nil {
		return *p
	}
	return nil
}

// add adds fn until remove is called.
func (o *observers[F]) add(fn F) (remove func()) {
	key := &fn
	o.edit(func(all []*F) []*F { return append(all, key) })
	return func() {
		o.edit(func(all []*F) []*F {
			return slices.DeleteFunc(all, func(f *F) bool { return f == key })
		})
	}
}

func (o *observers[F]) edit(change func([]*F) []*F) {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := change(slices.Clone(o.all()))
	o.list.Store(&all)
}
