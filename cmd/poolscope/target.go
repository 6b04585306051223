package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// target is the package that is built, as go list describes it.
type target struct {
	Dir, Name, ImportPath string
	Error                 *struct{ Err string }
}

// findTarget asks for the one package that the arguments name.
func findTarget(o *options) (*target, error) {
	args := append(append([]string{"list", "-e", "-json=Dir,Name,ImportPath,Error"}, o.listFlags()...), "--")
	out, err := output(o.dir, append(args, o.targets...)...)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(string(out)))
	t := new(target)
	if err := d.Decode(t); err != nil {
		return nil, fmt.Errorf("%s: no packages", strings.Join(o.targets, " "))
	}
	return t, t.check(o, d.More())
}

func (t *target) check(o *options, more bool) error {
	switch {
	case more:
		return fmt.Errorf("%s are several packages: poolscope %s takes one", strings.Join(o.targets, " "), o.command)
	case t.Error != nil:
		line, _, _ := strings.Cut(strings.TrimSpace(t.Error.Err), "\n")
		return errors.New(line)
	case t.Name == "":
		return fmt.Errorf("%s: no Go files", t.ImportPath)
	case o.command != "test" && t.Name != "main":
		return fmt.Errorf("%s is package %s: poolscope %s needs a program, whose package is main", t.ImportPath, t.Name, o.command)
	}
	return nil
}

// listFlags are those of the go command's flags that go list has too and needs.
func (o *options) listFlags() (all []string) {
	for i := 0; i < len(o.flags); i++ {
		name, _, joined := strings.Cut(strings.TrimLeft(o.flags[i], "-"), "=")
		switch name {
		case "mod", "modfile", "tags", "race", "msan", "asan", "buildvcs":
			all = append(all, o.flags[i])
			if name != "race" && name != "msan" && name != "asan" && !joined && name != "buildvcs" && i+1 < len(o.flags) {
				all = append(all, o.flags[i+1])
			}
		}
	}
	return all
}

// file is where the one that imports the report goes: beside the package's own.
func (t *target) file(o *options) string {
	name := "zz_poolscope.go"
	if o.command == "test" {
		name = "zz_poolscope_test.go"
	}
	return filepath.Join(t.Dir, name)
}

// inFiles tells whether files and no package are named.
func (o *options) inFiles() bool { return strings.HasSuffix(o.targets[0], ".go") }

// resolve makes a copy of a program that is named with a version, which lies in the
// module cache, whose files the go command does not replace.
func (o *options) resolve(dir string) error {
	path, version, ok := strings.Cut(o.targets[0], "@")
	if !ok || o.inFiles() {
		return nil
	}
	if o.command == "test" {
		return fmt.Errorf("%s: go test takes no version", o.targets[0])
	}
	for module := path; module != "." && module != "/"; module = filepath.ToSlash(filepath.Dir(module)) {
		out, err := output(dir, "mod", "download", "-json", module+"@"+version)
		var m struct{ Dir string }
		if err != nil || json.Unmarshal(out, &m) != nil || m.Dir == "" {
			continue
		}
		o.dir = filepath.Join(dir, "module")
		o.targets[0] = "./" + strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
		return copyTree(o.dir, m.Dir)
	}
	return fmt.Errorf("%s@%s: no module has this package", path, version)
}

// copyTree copies, and makes what it copies writable.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o777)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o666)
	})
}
