package migrated

import "sync"

var alone = sync.Pool{New: func() any { return new(int) }}

type of[T any] struct{ sync.Pool }

func (o *of[T]) get() *T { return o.Get().(*T) }
