package migrated

import (
	"fmt"
	gosync "sync"
)

func named() any {
	var p gosync.Pool
	p.Put(fmt.Sprint("sync.Pool"))
	return p.Get()
}
