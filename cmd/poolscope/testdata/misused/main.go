// Misused uses an object of a plain sync.Pool after Put, or what it has a copy of.
package main

import (
	"bytes"
	"fmt"
	"os"
	"sync"
)

var pool = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func render(text string) []byte {
	b := pool.Get().(*bytes.Buffer)
	defer pool.Put(b)
	b.Reset()
	b.WriteString(text)
	return b.Bytes()
}

func renderCopy(text string) []byte {
	b := pool.Get().(*bytes.Buffer)
	defer pool.Put(b)
	b.Reset()
	b.WriteString(text)
	return bytes.Clone(b.Bytes())
}

func main() {
	use := renderCopy
	if len(os.Args) > 1 && os.Args[1] == "mistake" {
		use = render
	}
	os.Stdout.Write(use("text\n"))
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			for i := range 100 {
				fmt.Fprint(new(bytes.Buffer), len(renderCopy("more")), i)
			}
		})
	}
	all.Wait()
}
