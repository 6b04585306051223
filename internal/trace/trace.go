// Package trace is recordings of what a program asked of its pools, nine generated
// ones, and three more.
package trace

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// Trace is the sequence of a program's requests to its pools, in order of time.
type Trace struct {
	Name   string
	Sizes  []int64 // bytes of an object of each class, ascending
	Events []Event
	Strays int // puts left out, of objects that were out when the recording began
}

// Event is an object taken, or given back.
type Event struct {
	At    time.Duration // since the recording began
	Class int32         // index into Trace.Sizes
	Put   bool
}

// End is when the last event happened.
func (t *Trace) End() time.Duration {
	if len(t.Events) == 0 {
		return 0
	}
	return t.Events[len(t.Events)-1].At
}

// Gets is the number of objects taken, and their bytes.
func (t *Trace) Gets() (n, bytes int64) {
	for _, e := range t.Events {
		if !e.Put {
			n++
			bytes += t.Sizes[e.Class]
		}
	}
	return n, bytes
}

// Operation is a line of a recording: bytes asked for, or given back, at a time.
type Operation struct {
	At    time.Duration
	Bytes int64
	Put   bool
}

// New makes a trace of operations in order of time. class maps a number of bytes to
// the size of the class that serves it. New leaves out and counts Puts of objects
// that were not taken in the recording.
func New(name string, ops []Operation, class func(bytes int64) int64) *Trace {
	t := &Trace{Name: name, Events: make([]Event, 0, len(ops))}
	out := make(map[int64]int)
	for _, op := range ops {
		size := class(op.Bytes)
		if op.Put && out[size] == 0 {
			t.Strays++
			continue
		}
		if op.Put {
			out[size]--
		} else {
			out[size]++
		}
	}
	for size := range out {
		t.Sizes = append(t.Sizes, size)
	}
	slices.Sort(t.Sizes)
	t.events(ops, class)
	return t
}

func (t *Trace) events(ops []Operation, class func(int64) int64) {
	out := make([]int, len(t.Sizes))
	for _, op := range ops {
		i, found := slices.BinarySearch(t.Sizes, class(op.Bytes))
		if !found || op.Put && out[i] == 0 {
			continue
		}
		if op.Put {
			out[i]--
		} else {
			out[i]++
		}
		t.Events = append(t.Events, Event{At: op.At, Class: int32(i), Put: op.Put})
	}
}

// PowersOfTwo is the least power of two that is not less than bytes.
func PowersOfTwo(bytes int64) int64 {
	if bytes <= 1 {
		return 1
	}
	return 1 << bits.Len64(uint64(bytes-1))
}

// Exact gives every size a class of its own.
func Exact(bytes int64) int64 { return bytes }

// sortOperations sorts operations by time, Puts before Gets.
func sortOperations(ops []Operation) {
	slices.SortStableFunc(ops, func(a, b Operation) int {
		if c := cmp.Compare(a.At, b.At); c != 0 || a.Put == b.Put {
			return c
		}
		if a.Put {
			return -1
		}
		return 1
	})
}
