//go:build !otelpool_nolinkname

package percpu

import "unsafe"

// labels are the goroutine's pprof labels, which goroutines that it starts inherit. The
// runtime keeps the name for those who link to it (go.dev/issue/67401).
//
//go:linkname labels runtime/pprof.runtime_getProfLabel
func labels() unsafe.Pointer
