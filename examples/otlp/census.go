package main

import "github.com/otelpool/pool/syncpools"

// startCensus adds the process's sync.Pools to the registry. The gateway works
// without them, so that a Go version whose sync.Pool is another one is no reason to stop.
func (a *app) startCensus() {
	var err error
	if a.census, err = syncpools.Start(syncpools.Config{Registry: a.registry}); err != nil {
		a.warn(err.Error())
	}
}

func (a *app) stopCensus() {
	if a.census != nil {
		a.census.Stop()
	}
}
