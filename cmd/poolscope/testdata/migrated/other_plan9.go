package migrated

import "sync"

var other sync.Pool
