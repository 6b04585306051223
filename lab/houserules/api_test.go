package houserules_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var release = flag.Bool("release", false, "write the API as what is released: a release does it, and nothing else")

// published has the modules that others require or install, each after those of ours
// that it requires, a line each. examples/otlp is a program, without an API.
const published = ".ci/published"

// released is the exported API of the last release, a line for each name, field and
// method; before the first release, of the day when it was first written down, without what went since.
const released = "lab/houserules/testdata/api.txt"

// What differs from the last release has to be in CHANGELOG.md, under Unreleased, by
// its name; what is gone or differs, under Changed or Removed there. apidiff and
// gorelease compare with a tag, and there is none yet; this text a review reads too.
func TestAPIChangesAreInTheChangelog(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: compiles what the nested modules require; make test does it in its house-rules stage")
	}
	now := map[string]bool{}
	for dir := range strings.FieldsSeq(read(t, published)) {
		for _, line := range api(t, dir) {
			now[line] = true
		}
	}
	if *release {
		write(t, root, released, strings.Join(slices.Sorted(maps.Keys(now)), "\n")+"\n")
	}
	before := map[string]bool{}
	for line := range strings.SplitSeq(strings.TrimSpace(read(t, released)), "\n") {
		before[line] = true
	}
	for _, missing := range unnamed(before, now, read(t, "CHANGELOG.md")) {
		t.Errorf("CHANGELOG.md, Unreleased: %s", missing)
	}
	t.Logf("%d lines of API", len(now))
}

// A check of what has to be found, on an API of three lines.
func TestTheChangelogMustNameEachChange(t *testing.T) {
	t.Parallel()
	f, typeT, fieldA := "p: func F()", "p: type T struct", "p: field T.A int"
	before := set(f, typeT, fieldA)
	for name, c := range map[string]struct {
		now       map[string]bool
		changelog string
		want      int
	}{
		"no change":                   {before, "", 0},
		"an addition":                 {set(f, typeT, fieldA, "p: field T.B int"), "### Added\n- `T`", 1},
		"a named addition":            {set(f, typeT, fieldA, "p: field T.B int"), "### Added\n- `T.B`", 0},
		"a new type names its fields": {set(f, typeT, fieldA, "p: type U int", "p: method U.M()"), "`U`", 0},
		"a change, as an addition":    {set("p: func F(int)", typeT, fieldA), "### Added\n- `F`", 1},
		"a change":                    {set("p: func F(int)", typeT, fieldA), "### Changed\n- `F`", 0},
		"a removal":                   {set(typeT, fieldA), "### Removed\n- `F`", 0},
		"a removed type":              {set(f), "### Removed\n- `T`", 0},
		"a removal, in another word":  {set(typeT, fieldA), "### Removed\n- `FF`", 1},
		"a removal, in a release":     {set(typeT, fieldA), "## [0.1.0]\n### Removed\n- `F`", 1},
	} {
		changelog := "# Changelog\n\n## [Unreleased]\n\n" + c.changelog
		if got := unnamed(before, c.now, changelog); len(got) != c.want {
			t.Errorf("%s: %q; want %d", name, got, c.want)
		}
	}
}

func set(lines ...string) map[string]bool {
	all := map[string]bool{}
	for _, line := range lines {
		all[line] = true
	}
	return all
}

// unnamed has what differs and is not named.
func unnamed(before, now map[string]bool, changelog string) (all []string) {
	_, text, _ := strings.Cut(changelog, "\n## [Unreleased]")
	text, _, _ = strings.Cut(text, "\n## [")
	var breaking strings.Builder
	for section := range strings.SplitSeq(text, "\n### ") {
		if strings.HasPrefix(section, "Changed") || strings.HasPrefix(section, "Removed") {
			breaking.WriteString(section)
		}
	}
	for _, d := range []struct {
		in, notIn      map[string]bool
		where, missing string
	}{{now, before, text, "nothing names the new"}, {before, now, breaking.String(), "neither Changed nor Removed names the former"}} {
		for _, line := range slices.Sorted(maps.Keys(d.in)) {
			if !d.notIn[line] && !names(d.where, line, d.in, d.notIn) {
				all = append(all, d.missing+" "+line)
			}
		}
	}
	return all
}

// declared has the name that a line of API declares: of a member after its type's.
var declared = regexp.MustCompile(`^(\S+: )\w+ (?:(\w+)\.)?(\w+)`)

// names reports whether a text names what a line declares. The name of a type that the
// other API has not at all stands for its members too.
func names(text, line string, in, other map[string]bool) bool {
	m := declared.FindStringSubmatch(line)
	name := m[3]
	if m[2] != "" && declares(in, m[1]+"type "+m[2]) && !declares(other, m[1]+"type "+m[2]) {
		name = m[2]
	}
	return regexp.MustCompile(`\b` + name + `\b`).MatchString(text)
}

func declares(lines map[string]bool, start string) bool {
	for line := range lines {
		if rest, found := strings.CutPrefix(line, start); found && (rest == "" || rest[0] == ' ' || rest[0] == '[') {
			return true
		}
	}
	return false
}

// api is what the packages of a module export, as the compiler sees it.
func api(t *testing.T, dir string) (lines []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-json=ImportPath,Name,Export,DepOnly", "./...")
	cmd.Dir, cmd.Env = filepath.Join(root, dir), append(os.Environ(), "GOWORK=off")
	out, err := cmd.StdoutPipe()
	if err == nil {
		cmd.Stderr = os.Stderr
		err = cmd.Start()
	}
	exports, ours := map[string]string{}, []string{}
	for d := json.NewDecoder(out); err == nil; {
		var p struct {
			ImportPath, Name, Export string
			DepOnly                  bool
		}
		if err = d.Decode(&p); err == nil {
			exports[p.ImportPath] = p.Export
			if !p.DepOnly && p.Name != "main" && !strings.Contains(p.ImportPath+"/", "/internal/") {
				ours = append(ours, p.ImportPath)
			}
		}
	}
	if err = errors.Join(err, cmd.Wait()); !errors.Is(err, io.EOF) || cmd.ProcessState.ExitCode() != 0 {
		t.Fatalf("%s: go list: %v", dir, err)
	}
	from := importer.ForCompiler(token.NewFileSet(), "gc", func(name string) (io.ReadCloser, error) { return os.Open(exports[name]) })
	for _, name := range ours {
		p, err := from.Import(name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, exported(p)...)
	}
	return lines
}

func exported(p *types.Package) (lines []string) {
	name := strings.TrimPrefix(strings.TrimPrefix(p.Path(), path.Dir(module)+"/"), "pool/")
	short := func(q *types.Package) string {
		if q == p {
			return ""
		}
		return q.Name()
	}
	for _, n := range p.Scope().Names() {
		o := p.Scope().Lookup(n)
		if !o.Exported() {
			continue
		}
		line := types.ObjectString(unlabelled(o), short)
		if c, ok := o.(*types.Const); ok {
			line += " = " + c.Val().ExactString()
		}
		if _, ok := o.(*types.TypeName); ok {
			line, _, _ = strings.Cut(line, "{") // what is in it has lines of its own
			lines = append(lines, members(name, o, short)...)
		}
		lines = append(lines, name+": "+line)
	}
	return lines
}

// members has a type's exported fields and methods, those of what it embeds included.
func members(pkg string, o types.Object, short types.Qualifier) (lines []string) {
	add := func(kind string, of types.Object) {
		text := types.TypeString(unlabelled(of).Type(), short)
		if kind == "method" {
			text = strings.TrimPrefix(text, "func")
		} else {
			text = " " + text
		}
		lines = append(lines, fmt.Sprintf("%s: %s %s.%s%s", pkg, kind, o.Name(), of.Name(), text))
	}
	if s, ok := o.Type().Underlying().(*types.Struct); ok {
		for f := range s.Fields() {
			if f.Exported() {
				add("field", f)
			}
		}
	}
	t := o.Type()
	if !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	for m := range types.NewMethodSet(t).Methods() {
		if m.Obj().Exported() {
			add("method", m.Obj())
		}
	}
	return lines
}

// unlabelled is a function without the names of its parameters, which are no API.
func unlabelled(o types.Object) types.Object {
	s, ok := o.Type().(*types.Signature)
	f, isFunc := o.(*types.Func)
	if !ok || !isFunc || s.TypeParams().Len() > 0 { // type parameters cannot be given to another
		return o
	}
	tuple := func(named *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range named.Variables() {
			vars = append(vars, types.NewParam(token.NoPos, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	plain := types.NewSignatureType(nil, nil, nil, tuple(s.Params()), tuple(s.Results()), s.Variadic())
	return types.NewFunc(token.NoPos, f.Pkg(), f.Name(), plain)
}
