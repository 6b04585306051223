package migrated

import (
	"sync"
	"testing"
)

func TestForms(t *testing.T) {
	var once sync.Once
	once.Do(func() { alone.Put(alone.Get()) })
	s := new(server)
	if n := len(s.pools(new(sync.Pool))); n != 6 || named() == nil {
		t.Errorf("%d pools", n)
	}
	new(none).lock()
	o := of[int]{sync.Pool{New: alone.New}}
	o.Put(o.get())
}
