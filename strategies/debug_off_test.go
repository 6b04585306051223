//go:build !otelpool_debug

package strategies_test

// debugBuild tells that all pools are strict, and panic at misuse.
const debugBuild = false
