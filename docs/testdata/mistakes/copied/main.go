// Each call has a pool of its own, which nobody fills.
package main

import (
	"fmt"
	"sync"
)

type server struct{ frames sync.Pool }

func (s server) frame() *[4096]byte {
	if f, ok := s.frames.Get().(*[4096]byte); ok {
		return f
	}
	return new([4096]byte)
}

func main() {
	var s server
	s.frames.Put(new([4096]byte))
	fmt.Println(s.frame()[0])
}
