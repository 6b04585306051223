package syncpools

import "github.com/otelpool/pool"

// Config configures Start. The zero value works.
type Config struct {
	// Registry is where pools are published; nil is pool.Default.
	Registry *pool.Registry
	// CountMisses counts the calls of each pool's New, by replacing New with a
	// function that counts and calls it, when the pool is first seen. A miss
	// then takes some 2 ns longer; a hit does not. New belongs to the pool's
	// owner, who must not change it while the census runs.
	CountMisses bool
}
