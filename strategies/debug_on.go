//go:build otelpool_debug

package strategies

// debugBuild makes every pool strict, and misuse panic.
const debugBuild = true
