package migrated

import "sync"

// none has a field Pool, and no sync.Pool.
type none struct{ Pool sync.Mutex }

func (n *none) lock() { n.Pool.Lock() }
