package main

import (
	_ "embed"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// edit is what a user changes by hand in a file, which poolscope migrate may have changed before.
type edit struct {
	file string
	what string // for the page
	to   func(text string) string
}

func (e edit) apply(dir string) error {
	file := filepath.Join(dir, filepath.FromSlash(e.file))
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	changed := e.to(string(text))
	if changed == string(text) {
		return fmt.Errorf("%s is not what the table expects: nothing to change for %s", e.file, e.what)
	}
	return os.WriteFile(file, []byte(changed), 0o644)
}

// kept makes the file's only pool, a variable, one that collections do not empty. Its objects have these bytes each.
func kept(file, variable string, bytes int64) edit {
	return edit{file, "then `" + variable + "` a `strategies.Values[any]`", strings.NewReplacer(
		variable+" = otelpool.Pool{", fmt.Sprintf("%s = strategies.Values[any]{\n\tName: %[1]q,\n\tSize: func(*any) int64 { return %d },",
			variable, bytes),
		`"github.com/otelpool/pool/otelpool"`, `"github.com/otelpool/pool/strategies"`,
	).Replace}
}

// zeropool has the API of Prometheus' package of that name, on strategies.Values.
//
//go:embed zeropool.go.txt
var zeropool string

// replaced puts our text in place of a package's only file.
func replaced(file, text string) edit {
	return edit{file, "then `" + path.Dir(file) + "` on `strategies.Values`", func(string) string { return text }}
}
