// Package cgroup makes memory control groups for tests that need a real one, of
// whichever version this machine has and lets us write.
package cgroup
