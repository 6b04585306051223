// The log reads the buffer after it went back.
package main

import (
	"io"
	"log"
	"os"

	"github.com/otelpool/pool/strategies"
)

var buffers = strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "messages"}))

func send(w io.Writer, message string) error {
	b := buffers.Get(len(message))
	copy(b, message)
	_, err := w.Write(b)
	buffers.Put(b)
	if err == nil {
		log.Printf("sent %q", b)
	}
	return err
}

func main() {
	if err := send(os.Stdout, "hello\n"); err != nil {
		log.Fatal(err)
	}
}
