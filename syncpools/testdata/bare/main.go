// Bare uses a sync.Pool without a census.
package main

import "sync"

var pool = sync.Pool{New: func() any { return new(int) }}

func main() { pool.Put(pool.Get()) }
