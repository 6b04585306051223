// Package copies copies every handle in both ways that go vet sees.
package copies

import (
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

type byValue struct {
	classes strategies.SizeClasses
	fixed   strategies.Fixed
	bounded strategies.Bounded[int]
	sync    strategies.Sync[int]
	buffer  strategies.Buffer
	wrapped otelpool.SyncPool
	pool    otelpool.Pool
}

func use(...any) {}

func copies(h *byValue) {
	a := h.classes
	b := h.fixed
	c := h.bounded
	d := h.sync
	e := h.buffer
	f := h.wrapped
	g := h.pool
	use(&a, &b, &c, &d, &e, &f, &g)
}

func structs(h byValue) { use(&h) }
