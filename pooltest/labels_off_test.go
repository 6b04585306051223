//go:build otelpool_nolinkname

package pooltest_test

const readsLabels = false
