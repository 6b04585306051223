package main

import (
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// inject has the files added to packages of the standard library: the counts to sync, and the
// report to testing/iotest, which few programs import and no package of the standard library.
//
//go:embed inject
var inject embed.FS

const reporter = "testing/iotest"

// added has the package of each file.
var added = map[string]string{
	"sync.go.txt": "sync", "ghost.go.txt": "sync", "stack.go.txt": "runtime", "signal.go.txt": "os/signal", "report.go.txt": reporter,
	"text.go.txt": reporter, "seen.go.txt": reporter, "costs.go.txt": reporter, "verdict.go.txt": reporter, "advice.go.txt": reporter,
}

// patched has the files to change.
var patched = map[string]func(source []byte, version string) (string, error){
	"sync/pool.go": patchPool, "os/signal/signal.go": patchSignal,
}

// overlay is a file for the go command's -overlay, in the making.
type overlay struct {
	dir     string
	Replace map[string]string
}

// writeOverlay returns the path of the overlay. All its files are in poolscope's own directory.
func writeOverlay(dir string, env *toolchain, targets []*target, o *options, c *costs) (string, error) {
	v := &overlay{dir: dir, Replace: make(map[string]string)}
	source := filepath.Join(env.GOROOT, "src")
	if err := v.patch(source, env.GOVERSION); err != nil {
		return "", err
	}
	for name, to := range added {
		text, err := inject.ReadFile("inject/" + name)
		if err != nil {
			return "", err
		}
		if err := v.put(filepath.Join(source, filepath.FromSlash(to), "zz_poolscope_"+name[:len(name)-len(".txt")]), text); err != nil {
			return "", err
		}
	}
	if err := v.put(filepath.Join(source, filepath.FromSlash(reporter), "zz_poolscope_settings.go"), settings(dir, env, o, c)); err != nil {
		return "", err
	}
	for _, t := range targets {
		if file := t.file(o); file == "" {
			continue
		} else if err := v.put(file, fmt.Appendf(nil, "package %s\n\nimport _ %q\n", t.Name, reporter)); err != nil {
			return "", err
		}
	}
	return v.write()
}

// patch changes files of the standard library.
func (v *overlay) patch(source, version string) error {
	for name, patch := range patched {
		path := filepath.Join(source, filepath.FromSlash(name))
		original, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, err := patch(original, version)
		if err != nil {
			return err
		}
		if err := v.put(path, []byte(text)); err != nil {
			return err
		}
	}
	return nil
}

// addressFile is the file to which the program writes the address of its page.
func addressFile(dir string) string { return filepath.Join(dir, "address") }

// settings are constants of the program, so that its environment stays as it is.
func settings(dir string, env *toolchain, o *options, c *costs) []byte {
	address := ""
	if o.otlp {
		address = addressFile(dir)
	}
	const text = "package iotest\n\nconst scopeReport, scopePage, scopeAddress, scopeGOROOT = %q, %q, %q, %q\n\n" +
		"const scopeAdvise, scopeCore, scopeGiB = %t, float64(%g), float64(%g)\n\nvar scopeCosts = %s\n"
	goroot := filepath.ToSlash(env.GOROOT) + "/"
	return fmt.Appendf(nil, text, o.report, o.page, address, goroot, o.advise, o.price[0], o.price[1], c.literal())
}

// put gives a path a content other than on disk, where it may not exist.
func (v *overlay) put(path string, content []byte) error {
	mine := filepath.Join(v.dir, strconv.Itoa(len(v.Replace))+"_"+filepath.Base(path))
	v.Replace[path] = mine
	return os.WriteFile(mine, content, 0o666)
}

func (v *overlay) write() (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	path := filepath.Join(v.dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o666)
}
