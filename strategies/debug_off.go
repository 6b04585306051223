//go:build !otelpool_debug

package strategies

const debugBuild = false
