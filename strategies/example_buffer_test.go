package strategies_test

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

// A Buffer reads a body of unknown length into pooled memory and gives all of
// it back.
func ExampleBuffer() {
	bodies := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	defer bodies.Close()

	read := func(r io.Reader) (int, error) {
		b := strategies.NewBuffer(bodies, 512) // a guess; it grows
		defer b.Release()
		_, err := b.ReadFrom(r)
		return b.Len(), err
	}
	n, err := read(strings.NewReader(strings.Repeat("x", 3000)))

	var s pool.Stats
	bodies.Stats(&s)
	fmt.Println(n, err, "in use:", s.InUse)
	// Output: 3000 <nil> in use: 0
}

// A Chunked takes a body of any length without growing copies, and shares a part of it with
// an owner that outlives it.
func ExampleChunked() {
	bodies := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	defer bodies.Close()

	body := strategies.NewChunked(bodies, 4096)
	body.ReadFrom(strings.NewReader(strings.Repeat("x", 10_000) + "the end"))
	end := body.Slice(10_000, body.Len())
	body.Release()

	end.WriteTo(os.Stdout)
	end.Free()
	var s pool.Stats
	bodies.Stats(&s)
	fmt.Println("\nin use:", s.InUse)
	// Output:
	// the end
	// in use: 0
}

func ExampleCopy() {
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
	defer buffers.Close()

	// Neither side can copy by itself, so a buffer is needed.
	src := struct{ io.Reader }{strings.NewReader("through a pooled buffer\n")}
	dst := struct{ io.Writer }{os.Stdout}
	_, err := strategies.Copy(buffers, dst, src)
	if err != nil {
		fmt.Println(err)
	}
	// Output: through a pooled buffer
}
