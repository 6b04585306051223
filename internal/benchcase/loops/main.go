// Command loops writes the loops of the pools in a table (benchcase.Pool) out,
// so that each is compiled for its pool. The table has a line per pool, its
// columns separated by two spaces or more:
//
//	type  what it hands out  how to get it  how to put it back  its first byte
//
// In these expressions p is the pool, size the bytes wanted, x what was got, and
// i the number of the operation. The type needs to be declared by hand. A line
// «import "path"» makes the package known to the expressions.
//
//	loops -package pool_test bench_loops.txt >bench_loops_test.go
package main

import (
	"bytes"
	_ "embed"
	"flag"
	"fmt"
	"go/format"
	"os"
	"regexp"
	"strings"
	"text/template"
)

func main() {
	name := flag.String("package", "", "the package of the output")
	flag.Parse()
	if err := run(*name, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "loops:", err)
		os.Exit(1)
	}
}

func run(pkg string, args []string) error {
	if pkg == "" || len(args) != 1 {
		return fmt.Errorf("usage: loops -package NAME TABLE >FILE")
	}
	table, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	source, err := generate(pkg, args[0], string(table))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(source)
	return err
}

// row is a line of the table.
type row struct{ Type, Buffer, Get, Put, First string }

// Sized reports whether the pool is asked for a size.
func (r row) Sized() bool { return strings.Contains(r.Get, "size") }

//go:embed loops.go.tmpl
var text string

var (
	output = template.Must(template.New("loops").Parse(text))
	gap    = regexp.MustCompile(`\s{2,}|\t+`)
)

// generate is the source of the loops of a table.
func generate(pkg, file, table string) ([]byte, error) {
	imports, rows, err := parse(file, table)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := output.Execute(&b, map[string]any{"Package": pkg, "Table": file, "Imports": imports, "Rows": rows}); err != nil {
		return nil, err
	}
	return format.Source(b.Bytes())
}

func parse(file, table string) (imports []string, rows []row, err error) {
	for i, line := range strings.Split(table, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if path, ok := strings.CutPrefix(line, "import "); ok {
			imports = append(imports, path)
			continue
		}
		f := gap.Split(line, -1)
		if len(f) != 5 {
			return nil, nil, fmt.Errorf("%s:%d: %d columns, want type, buffer, get, put and first byte, two spaces between them",
				file, i+1, len(f))
		}
		rows = append(rows, row{f[0], f[1], f[2], f[3], f[4]})
	}
	return imports, rows, nil
}
