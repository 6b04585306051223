//go:build !otelpool_debug

package pooltest_test

const debug = false
