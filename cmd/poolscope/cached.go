package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// resolve makes a copy of a program that is named with a version: it lies in the module cache,
// whose files the go command does not replace.
func (o *options) resolve(dir string) error {
	path, version, ok := strings.Cut(o.targets[0], "@")
	if !ok || o.inFiles() {
		return nil
	}
	if o.command == "test" {
		return fmt.Errorf("%s: go test does not take a version: test a package of your module", o.targets[0])
	}
	var why string // the error for the likeliest path of the module
	for module := path; module != "." && module != "/"; module = filepath.ToSlash(filepath.Dir(module)) {
		out, err := asked(anyGo(dir, "mod", "download", "-json", module+"@"+version))
		var m struct{ Dir, GoMod, Error string }
		switch {
		case json.Unmarshal(out, &m) != nil:
			return err
		case m.Dir != "":
			o.dir = filepath.Join(dir, "module")
			o.targets[0] = "./" + strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
			return copyTree(o.dir, m.Dir)
		case m.GoMod != "": // there is such a module
			return errors.New(firstLine(m.Error))
		case why == "", strings.Count(module, "/") == 2: // where most repositories are
			why = firstLine(m.Error)
		}
	}
	return fmt.Errorf("%s@%s: no module has this package: %s", path, version, why)
}

// uncache copies a package's module if that lies in the module cache, and builds the copy. All
// modules keep the versions that the main module has.
func (o *options) uncache(env *toolchain, module *module, dir string) error {
	to := filepath.Join(dir, "module")
	if err := copyTree(to, module.Dir); err != nil {
		return err
	}
	if module.Main {
		here, err := filepath.Abs(".")
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(module.Dir, here)
		o.dir = filepath.Join(to, rel)
		return err
	}
	return o.replace(env, module.Path, to, filepath.Join(dir, "go.mod"))
}

// replace builds with another go.mod, in which a directory replaces a module.
func (o *options) replace(env *toolchain, module, by, modfile string) error {
	switch {
	case env.GOWORK != "" && env.GOWORK != "off":
		return fmt.Errorf("%s lies in the module cache, and poolscope cannot build a copy of it in a workspace: set GOWORK=off", module)
	case strings.Contains(strings.Join(o.flags, " "), "-modfile"):
		return fmt.Errorf(
			"-modfile is given, but poolscope needs it to build a copy of %s, which lies in the module cache: leave it out",
			module,
		)
	}
	text, err := os.ReadFile(env.GOMOD)
	if err != nil {
		return err
	}
	if err := os.WriteFile(modfile, text, 0o666); err != nil {
		return err
	}
	sums, err := os.ReadFile(strings.TrimSuffix(env.GOMOD, ".mod") + ".sum")
	if err == nil {
		err = os.WriteFile(strings.TrimSuffix(modfile, ".mod")+".sum", sums, 0o666)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	o.flags = append(o.flags, "-modfile="+modfile)
	_, err = asked(env.command("", "mod", "edit", "-replace="+module+"="+by, modfile))
	return err
}

// copyTree copies a tree, and makes the copy writable.
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
