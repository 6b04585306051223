// Package auto starts a census of the program's sync.Pools when it is imported:
//
//	import _ "github.com/otelpool/pool/syncpools/auto"
//
// If the census cannot start, the program runs without it; [Census] returns the
// reason.
package auto

import "github.com/otelpool/pool/syncpools"

var (
	census *syncpools.Census
	err    error
)

func init() { census, err = syncpools.Start(syncpools.Config{}) }

// Census returns the census, or the error that kept it from starting.
func Census() (*syncpools.Census, error) { return census, err }
