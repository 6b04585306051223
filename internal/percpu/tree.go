package percpu

// Tree identifies the goroutines that share their pprof labels with the caller, which are
// those that whoever set them has started, and those that these have, unless they set
// others. It is nil where nobody has set any or they cannot be read, and else to be
// compared, and kept as long as it is: another's may have the same address later.
func Tree() any {
	if p := labels(); p != nil {
		return p
	}
	return nil
}
