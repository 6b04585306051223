// Package cgroup makes memory control groups for tests that need a real one, of
// the version that this machine has and permits.
package cgroup

import "math"

// NoLimit is the value of a limit that is not set.
const NoLimit int64 = math.MaxInt64
