// Package adaptive sizes the pools of a registry from demand and memory pressure,
// and says why. In main:
//
//	ctl, err := adaptive.New(adaptive.Config{})
//	if err != nil {
//		return err
//	}
//	defer ctl.Close()
//	go ctl.Run(ctx)
//
// # What it does
//
// Once a second it asks every published pool how long objects lay unused before
// they were wanted again, or would have been had they been kept. From that it
// learns, for each size class, how long a free object is worth its memory, and
// sets that as the class's idle age. All pools share one budget of idle bytes;
// where it is full, what is least likely to be wanted soon gives way.
//
// It reads how short of memory the process is: the live heap against
// GOMEMLIMIT, the control group, the kernel's stalls (PSI), the garbage
// collector's limiter, the service manager. Four levels follow, each with shorter
// idle ages, but none so short that what is in use would be dropped: it would be
// allocated again before a collection has freed it. What was dropped is given back
// to the system where others need it.
//
// # What it costs
//
// Nothing on the way of a Get or Put, which never wait for it. A run takes some
// 50 µs with 64 size classes in use and allocates nothing; it may stop the world
// for some ten microseconds, once, to take back what Ps have at hand.
//
// # When it fails
//
// Pools do not depend on it. If it ends, panics or never ran, they go by idle
// ages of their own, under the budget of calm.
//
// docs/adaptive.md has every knob with its reason, the failure modes and when to
// turn it off; cmd/poolsim shows what it would do with a program's own demand.
package adaptive
