package otelpool

import "github.com/otelpool/pool"

// Open is what the first use does, for those who come at the same time.
func (p *Pool) Open() any { return p.open() }

// Enter is the first use of a pool of that name, in a registry of the test's own.
func (p *Pool) Enter(r *pool.Registry, name string) { p.enter(r, name) }
