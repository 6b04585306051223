package strategies

import (
	"errors"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/safety"
)

// errNil is the error of a New that returned nil.
var errNil = errors.New("New returned nil") //nolint:staticcheck // ST1005: New is the field's name

// fallible is a config's New or NewE, whichever it has, as a function that returns an
// object or an error. It reports one that returns neither.
func fallible[T any](w *safety.Watch, newT func() *T, newE func() (*T, error)) func() (*T, error) {
	return func() (x *T, err error) {
		if newE == nil {
			x = newT()
		} else if x, err = newE(); err != nil {
			return nil, err
		}
		if x == nil {
			w.Misconfigured(errNil.Error())
			return nil, errNil
		}
		return x, nil
	}
}

// takeFailed makes of the engine's counts what they are when some requests failed, of which
// the engine took some for closed and the others for misses: nothing was allocated. One that
// came while the pool closed may have been taken for another.
func (c *bounded) takeFailed(into *pool.Stats, missed, closed uint64) {
	failed := missed + closed
	closed = min(closed, into.Requests[pool.RequestClosed])
	into.Requests[pool.RequestClosed] -= closed
	into.Requests[pool.Miss] -= failed - closed
	into.Requests[pool.RequestFailed] = failed
	into.Allocations -= failed
	into.AllocatedBytes -= failed * uint64(c.object)
}
