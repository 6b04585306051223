package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/ast/astutil"
	"golang.org/x/tools/imports"
)

const (
	ours       = "github.com/otelpool/pool"
	oursImport = ours + "/otelpool"
)

// migrate makes every sync.Pool of the packages an otelpool.Pool, in tests and in files
// for other platforms and build tags too, and prints a line for each place. Without -w it
// changes nothing.
func migrate(args []string, out io.Writer) error {
	write := len(args) > 0 && args[0] == "-w"
	if write {
		args = args[1:]
	}
	if len(args) == 0 || args[0][0] == '-' {
		return errors.New("migrate needs packages: poolscope migrate [-w] PACKAGES")
	}
	files, err := packageFiles(args)
	if err != nil {
		return err
	}
	places := 0
	for _, name := range files {
		n, err := migrateFile(name, write, out)
		if err != nil {
			return err
		}
		places += n
	}
	if write {
		fmt.Fprintf(out, "%d changed; next: go get %s && go vet %s\n", places, ours, args[0])
	} else {
		fmt.Fprintf(out, "%d to change; -w changes them\n", places)
	}
	return nil
}

// packageFiles returns the paths of the packages' files, for all platforms and build tags.
func packageFiles(patterns []string) (files []string, err error) {
	const fields = "-json=Dir,Error,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles"
	text, err := asked(anyGo("", append([]string{"list", "-e", fields, "--"}, patterns...)...))
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
		var p struct {
			Dir                                                          string
			Error                                                        *struct{ Err string }
			GoFiles, CgoFiles, IgnoredGoFiles, TestGoFiles, XTestGoFiles []string
		}
		if err := d.Decode(&p); err != nil {
			return nil, err
		}
		names := slices.Concat(p.GoFiles, p.CgoFiles, p.IgnoredGoFiles, p.TestGoFiles, p.XTestGoFiles)
		if len(names) == 0 && p.Error != nil {
			return nil, errors.New(p.Error.Err)
		}
		for _, name := range names {
			files = append(files, filepath.Join(p.Dir, name))
		}
	}
	return files, nil
}

// migrateFile returns the number of places in the file.
func migrateFile(name string, write bool, out io.Writer) (int, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
	if err != nil {
		return 0, err
	}
	pools := syncPools(file)
	for _, p := range pools {
		fmt.Fprintf(out, "%s:%d: sync.Pool → otelpool.Pool\n", relative(name), fset.Position(p.Pos()).Line)
	}
	if len(pools) == 0 || !write {
		return len(pools), nil
	}
	for _, p := range pools {
		p.Name = "otelpool"
	}
	astutil.AddImport(fset, file, oursImport)
	if !astutil.UsesImport(file, "sync") {
		astutil.DeleteNamedImport(fset, file, nameOf(importOfSync(file)), "sync")
	}
	var changed bytes.Buffer
	if err := format.Node(&changed, fset, file); err != nil {
		return 0, err
	}
	grouped, err := imports.Process(name, changed.Bytes(), &imports.Options{FormatOnly: true, Comments: true, TabIndent: true, TabWidth: 8})
	if err != nil {
		return 0, err
	}
	return len(pools), os.WriteFile(name, grouped, 0o666)
}

// syncPools finds the word sync of every sync.Pool, under whatever name the file imports the
// package. It takes a variable of that name with a field Pool for the package.
func syncPools(file *ast.File) (all []*ast.Ident) {
	imported := importOfSync(file)
	if imported == nil {
		return nil
	}
	local := nameOf(imported)
	if local == "" {
		local = "sync"
	}
	for n := range ast.Preorder(file) {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Pool" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == local {
				all = append(all, x)
			}
		}
	}
	return all
}

func importOfSync(file *ast.File) *ast.ImportSpec {
	for _, spec := range file.Imports {
		if spec.Path.Value == `"sync"` {
			return spec
		}
	}
	return nil
}

// nameOf is the name by which a file imports the package, or "".
func nameOf(spec *ast.ImportSpec) string {
	if spec.Name == nil {
		return ""
	}
	return spec.Name.Name
}

// relative is a file's name for a reader in the directory where poolscope runs.
func relative(name string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, name); err == nil {
			return rel
		}
	}
	return name
}
