// What goes back is what came out.
package main

import (
	"fmt"
	"sync"

	"github.com/otelpool/pool/strategies"
)

var (
	slices  = sync.Pool{New: func() any { return new([4096]byte) }}
	buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "frames"}))
)

func boxed(text string) int {
	b := slices.Get().(*[4096]byte)
	n := copy(b[:], text)
	slices.Put(b)
	return n
}

func moved(text string) int {
	b := strategies.NewBuffer(buffers, 8)
	defer b.Release()
	b.WriteString(text)
	return len(b.Bytes())
}

func part(text string) int {
	b := buffers.Get(8 + len(text))
	n := copy(b[8:], text)
	buffers.Put(b)
	return n
}

func main() {
	fmt.Println(boxed("hello"), moved("hello"), part("hello"))
}
