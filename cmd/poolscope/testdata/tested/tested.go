// Package tested has a test that fails.
package tested

import "sync"

var pool = sync.Pool{New: func() any { return new(int) }}

func use() { pool.Put(pool.Get()) }
