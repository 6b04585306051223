// Package auto starts a census of the program's sync.Pools when it is imported:
//
//	import _ "github.com/otelpool/pool/syncpools/auto"
//
// A census that cannot start changes nothing; [Census] says why.
package auto

import "github.com/otelpool/pool/syncpools"

var (
	census *syncpools.Census
	err    error
)

func init() { census, err = syncpools.Start(syncpools.Config{}) }

// Census returns the census, or why it did not start.
func Census() (*syncpools.Census, error) { return census, err }
