package percpu

// Tree identifies the goroutines that share the caller's pprof labels: those started by
// the goroutine that set the labels, and by these in turn, unless one sets labels of its
// own. It is nil if nobody has set labels, or if they cannot be read. Trees can be
// compared; keep a Tree as long as it is compared, or other labels may get the same
// address.
func Tree() any {
	if p := labels(); p != nil {
		return p
	}
	return nil
}
