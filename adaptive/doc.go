// Package adaptive sizes the pools of a registry by demand and memory pressure, and
// explains each decision. In main:
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
// Once a second it asks every published pool how long objects lay unused before they
// were wanted again, or would have been had they been kept. From that it learns, for
// each size class, how long a free object is worth its memory, and sets that as the
// class's idle age. All pools share one budget of idle bytes; when it is full, the
// objects least likely to be wanted soon are evicted.
//
// It reads how short of memory the process is: the live heap against GOMEMLIMIT, the
// control group, the kernel's stalls (PSI), the garbage collector's limiter, the
// service manager. These set one of four levels. Each above none shortens idle ages,
// but never so far that objects still being reused are dropped: they would be allocated
// again before a collection had freed them. Where others need the memory, what was
// dropped is returned to the system.
//
// # What it costs
//
// Get and Put pay nothing and never wait for it. A run takes some 50 µs with 64 size
// classes in use and allocates nothing; it may stop the world once, for some ten
// microseconds, to take objects from the Ps.
//
// # When it fails
//
// Pools do not depend on it. If it ends, panics or never ran, they use idle ages of
// their own, under the whole budget.
//
// docs/adaptive.md has every knob with its reason, the failure modes and when to turn
// it off; cmd/poolsim shows what it would do with a program's own demand.
package adaptive
