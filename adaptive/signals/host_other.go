//go:build !linux

package signals

import (
	"context"
	"runtime"
	"time"

	"github.com/otelpool/pool/control"
)

// host has nothing to tell on this system.
type host struct{}

func newHost(string, func(string) string) *host { return new(host) }

func (*host) read(_ time.Time, _ time.Duration, into *Reading) {
	const absent = "read on linux only, not on " + runtime.GOOS
	into.Cgroup.Err = absent
	into.PSI.Err, into.PSI.TriggerErr = absent, absent
	into.External.Err = absent
}

func (*host) watch(ctx context.Context, _ func(control.Trigger)) { <-ctx.Done() }
