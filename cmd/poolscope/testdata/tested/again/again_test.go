package again

import (
	"sync"
	"testing"
)

var pool = sync.Pool{New: func() any { return new(int) }}

func TestAgain(*testing.T) { pool.Put(pool.Get()) }
