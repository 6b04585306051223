// What goes back is not what came out.
package main

import (
	"fmt"
	"sync"

	"github.com/otelpool/pool/strategies"
)

var (
	slices  = sync.Pool{New: func() any { return make([]byte, 4096) }}
	buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "frames"}))
)

func boxed(text string) int {
	b := slices.Get().([]byte)
	n := copy(b, text)
	slices.Put(b)
	return n
}

func moved(text string) int {
	b := buffers.Get(8)
	b = append(b, text...)
	n := len(b)
	buffers.Put(b)
	return n
}

func part(text string) int {
	b := buffers.Get(8 + len(text))
	b = b[8:]
	n := copy(b, text)
	buffers.Put(b)
	return n
}

func main() {
	fmt.Println(boxed("hello"), moved("hello"), part("hello"))
}
