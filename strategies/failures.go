package strategies

import (
	"errors"
	"sync/atomic"

	"github.com/otelpool/pool"
)

// errNil is the error of a New that returned nil.
var errNil = errors.New("New returned nil") //nolint:staticcheck // ST1005: New is the field's name

// fallible is a config's New or NewE, whichever it has, as a function that returns an
// object or an error.
func fallible[T any](newT func() *T, newE func() (*T, error)) func() (*T, error) {
	return func() (x *T, err error) {
		if newE == nil {
			x = newT()
		} else if x, err = newE(); err != nil {
			return nil, err
		}
		if x == nil {
			return nil, errNil
		}
		return x, nil
	}
}

// failures counts requests for which New made nothing, by what the engine took them
// for.
type failures struct{ missed, closed atomic.Uint64 }

func (f *failures) add(closed bool) {
	if closed {
		f.closed.Add(1)
	} else {
		f.missed.Add(1)
	}
}

// failed is a reading of failures.
type failed struct{ missed, closed uint64 }

// read comes before the engine's counts are read, so that they have what failed.
func (f *failures) read() failed { return failed{f.missed.Load(), f.closed.Load()} }

// take makes of an engine's counts what they are when some requests failed: nothing
// was allocated. One that came while the pool closed may have been taken for another.
func (f failed) take(into *pool.Stats, object int64) {
	all := f.missed + f.closed
	closed := min(f.closed, into.Requests[pool.RequestClosed])
	into.Requests[pool.RequestClosed] -= closed
	into.Requests[pool.Miss] -= all - closed
	into.Requests[pool.RequestFailed] = all
	into.Allocations -= all
	into.AllocatedBytes -= all * uint64(object)
}
