//go:build otelpool_nolinkname

package percpu

import "unsafe"

func labels() unsafe.Pointer { return nil }
