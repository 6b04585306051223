package strategies

import (
	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/internal/handle"
)

// Zeroing says when a pool clears the memory it reuses. Clearing costs about as
// much as copying the same number of bytes.
type Zeroing uint8

const (
	// ZeroNever hands buffers on as they were given back. Whoever gets one can
	// read what its last owner wrote.
	ZeroNever Zeroing = iota
	// ZeroOnPut clears a buffer before it is kept, so that idle memory holds no
	// secrets.
	ZeroOnPut
	// ZeroOnGet clears a kept buffer before it is handed out, so that buffers that
	// are not used again cost nothing.
	ZeroOnGet
)

// Must returns p, and panics with err's text if there is one: for pools in
// package variables.
func Must[P any](p P, err error) P {
	if err != nil {
		panic(err.Error())
	}
	return p
}

// problems collects the mistakes in a pool's config.
type problems struct{ config.Problems }

func problemsOf(kind string) problems { return problems{config.ProblemsOf("strategies: " + kind)} }

func (p *problems) zeroing(z Zeroing) {
	p.AddIf(z > ZeroOnGet, "Zero", uint8(z), "use ZeroNever, ZeroOnPut or ZeroOnGet")
}

// limit is the limit in force for a config's Limit.
func (p *problems) limit(bytes int64) int64 {
	p.AddIf(bytes < 0, "Limit", bytes, "use bytes, 0 for the default, or pool.Unlimited")
	if bytes <= 0 { // one complaint is enough
		return DefaultLimit
	}
	return bytes
}

// publication holds a config's registration fields.
type publication struct {
	name     string
	registry *pool.Registry
	dup      pool.OnDuplicate
}

// publish enters core under its name, if it has one.
func (p publication) publish(core pool.Source) (*pool.Publication, error) {
	if p.name == "" {
		return nil, nil
	}
	return p.in().Publish(p.name, core, p.dup)
}

// withdrawWhenDropped takes a pool out of its registry when its handle is
// collected without having been closed. The core must not refer to the handle.
func withdrawWhenDropped(t *handle.Token, pub *pool.Publication) {
	if pub != nil {
		handle.OnDrop(t, (*pool.Publication).Release, pub)
	}
}

// prewarm makes a new pool's first objects, and takes its name back if a function
// of its config panics.
func prewarm(p interface {
	Warm(n int) int
	Close()
}, n int) {
	done := false
	defer func() {
		if !done {
			p.Close()
		}
	}()
	p.Warm(n)
	done = true
}

// budget is what a pool is charged to besides its limit: the budget of its
// config, or of the registry it is published in.
func (p publication) budget(own *pool.Budget) *pool.Budget {
	if own != nil || p.name == "" {
		return own
	}
	return p.in().Budget()
}

func (p publication) in() *pool.Registry {
	if p.registry == nil {
		return pool.Default
	}
	return p.registry
}
