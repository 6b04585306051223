package strategies

import "unsafe"

// buffer rebuilds the slice that was put as a pointer to its first byte. It is
// sound because a class's buffers all have the class's size as capacity, and
// callers have checked that n is between 0 and that. unsafe.Slice and slicing
// would check it again, at the cost of a tenth of a Get.
func buffer(x unsafe.Pointer, n, size int) []byte {
	return *(*[]byte)(unsafe.Pointer(&struct {
		data     unsafe.Pointer
		len, cap int
	}{x, n, size}))
}
