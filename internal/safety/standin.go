package safety

import (
	"reflect"
	"runtime"
	"time"
	"unsafe"
	"weak"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// StandIn is the record of a stand-in, from Take until it leaves quarantine or is
// lost. While it is out, its record must not keep it alive: base is a number,
// memory a weak pointer, and kept nil.
//
// State, kept and spare change under the Watch's lock, or belong to the goroutine
// to which Return gave the stand-in. The rest is written before take, and only read
// afterwards.
type StandIn struct {
	base  uintptr
	span  uintptr // bytes of memory from base on that are its own
	size  int     // the bytes that its user sees
	class int
	typ   reflect.Type // of an object; nil: it is a buffer

	state  state
	memory weak.Pointer[byte]
	kept   unsafe.Pointer // the stand-in, while in quarantine
	spare  unsafe.Pointer // the object it stands for; nil if the pool had none
	weight int64
	spoilt bool   // a write after Put has been reported
	part   bool   // a part was put, from somewhere after its beginning
	detail string // of a pool's config, which has no stand-in

	taken    time.Time
	returned time.Time
	get, put trace
	tree     any // of the goroutine that took it
}

type state uint8

const (
	out  state = iota // with its user
	back              // in quarantine, or on the way there
	done              // released or lost
)

// sample is control.Sampler's.
func (s *StandIn) sample(weight int64) control.Sample {
	return control.Sample{Get: s.get.stack(), Size: int64(s.size), Taken: s.taken, Weight: weight, Tree: s.tree}
}

// object reports whether it is an object, and not a buffer.
func (s *StandIn) object() bool { return s.typ != nil }

// gone reports whether the garbage collector has taken a stand-in that was out:
// another object may have its address already. The weak pointer becomes nil before
// the memory is reused, and the cleanup runs later: between the two only gone shows
// it.
func (s *StandIn) gone() bool { return s.memory.Value() == nil }

// misuse is a report on the stand-in.
func (s *StandIn) misuse(kind pool.MisuseKind) pool.Misuse {
	m := pool.Misuse{Kind: kind, Size: int64(s.size), Get: s.get.stack(), Put: s.put.stack(), Detail: s.detail}
	switch {
	case s.taken.IsZero():
	case s.returned.IsZero():
		m.Held = time.Since(s.taken)
	default:
		m.Held = s.returned.Sub(s.taken)
	}
	return m
}

// trace is a stack without an allocation of its own.
type trace struct {
	n   int
	pcs [maxDepth]uintptr
}

const maxDepth = 32

// capture takes the stack of the caller's caller: numbers, which become text only
// in a report, since that takes a hundred times as long.
func (t *trace) capture() { t.n = runtime.Callers(3, t.pcs[:]) }

// stack is a copy, nil if there is none.
func (t *trace) stack() pool.Stack {
	if t == nil || t.n == 0 {
		return nil
	}
	return append(pool.Stack(nil), t.pcs[:t.n]...)
}
