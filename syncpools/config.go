package syncpools

import "github.com/otelpool/pool"

// Config configures Start. The zero value is useful.
type Config struct {
	// Registry is where pools are published; nil is pool.Default.
	Registry *pool.Registry
	// CountMisses counts how often each pool's New runs, by putting a function
	// around it when the pool is first seen. A miss then takes some 2 ns longer, and
	// a hit as long as before. It writes a field that belongs to the pool's owner,
	// who must not change it while the census runs.
	CountMisses bool
}
