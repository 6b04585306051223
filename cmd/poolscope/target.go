package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// target is a package that is built, as go list describes it.
type target struct {
	Dir, Name, ImportPath     string
	TestGoFiles, XTestGoFiles []string
	Module                    *module
	Error                     *struct{ Err string }
}

// module is a package's.
type module struct {
	Path, Dir string
	Main      bool
}

// findTargets lists the packages that the arguments name. Only test takes several.
func findTargets(o *options, env *toolchain) (all []*target, err error) {
	const fields = "-json=Dir,Name,ImportPath,TestGoFiles,XTestGoFiles,Module,Error"
	args := append(append([]string{"list", "-e", fields}, o.listFlags()...), "--")
	out, err := asked(env.command(o.dir, append(args, o.targets...)...))
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		t := new(target)
		if err := d.Decode(t); err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		all = append(all, t)
	}
	switch named := strings.Join(o.targets, " "); {
	case len(all) == 0:
		return nil, fmt.Errorf("%s: no packages", named)
	case len(all) == 1:
	case o.command != "test":
		return nil, fmt.Errorf("%s are several packages: poolscope %s takes one", named, o.command)
	case o.otlp:
		return nil, fmt.Errorf("%s are several packages: -otlp exports the tests of one", named)
	}
	for _, t := range all {
		if err := t.check(o); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (t *target) check(o *options) error {
	switch {
	case t.Error != nil:
		return errors.New(firstLine(t.Error.Err))
	case t.Name == "":
		return fmt.Errorf("%s: no Go files", t.ImportPath)
	case o.command != "test" && t.Name != "main":
		return fmt.Errorf("%s is package %s: poolscope %s needs a program, whose package is main", t.ImportPath, t.Name, o.command)
	}
	return nil
}

// listFlags are the go command's flags that go list needs too.
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

// file is the path of the file that imports the report, beside the package's own files. It is ""
// for a package without tests whose tests are to run.
func (t *target) file(o *options) string {
	switch {
	case o.command != "test":
		return filepath.Join(t.Dir, "zz_poolscope.go")
	case len(t.TestGoFiles)+len(t.XTestGoFiles) > 0:
		return filepath.Join(t.Dir, "zz_poolscope_test.go")
	}
	return ""
}

// inFiles reports whether the arguments name files and no package.
func (o *options) inFiles() bool { return strings.HasSuffix(o.targets[0], ".go") }
