//go:build !otelpool_nolinkname

package percpu

import "unsafe"

// labels returns the goroutine's pprof labels, which the goroutines that it
// starts inherit. The runtime keeps the name for code that links to it
// (go.dev/issue/67401).
//
//go:linkname labels runtime/pprof.runtime_getProfLabel
func labels() unsafe.Pointer
