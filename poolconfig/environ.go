package poolconfig

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"
)

// prefix begins the names of the package's variables.
const prefix = "OTELPOOL_"

// fileVariable names the document if the program names none.
const fileVariable = prefix + "CONFIG"

// environment holds the variables' settings. They override the document.
type environment struct {
	document             // its fields but pools
	all      settings    // of every pool, unless there is one for the pool
	pools    []*settings // of single pools
	names    []string    // theirs, as variables write them
}

// notOurs matches variables that others set: Kubernetes, for each port of a
// service named otelpool…, and the tests of this repository.
var notOurs = regexp.MustCompile(`^(.*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)?)$|^E2E_`)

// documentFields lists the settings that a variable of their own name sets.
var documentFields = slices.DeleteFunc(fieldsOf(reflect.TypeFor[document]()), func(f fieldInfo) bool {
	return f.name == "pools" || f.name == "controller"
})

// readEnvironment reads variables of the form name=value. An empty value counts
// as unset.
func readEnvironment(variables []string) (*environment, error) {
	env, d := &environment{}, &decoder{}
	for _, v := range slices.Sorted(slices.Values(variables)) {
		name, text, _ := strings.Cut(v, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		if !ours || text == "" || name == fileVariable || notOurs.MatchString(rest) {
			continue
		}
		d.origin = func(*yaml.Node) origin { return origin(name) }
		into, f, ok := env.find(rest)
		if !ok {
			d.add(origin(name), "the variable", "not known", unknownVariable(name))
			continue
		}
		n, err := load([]byte(text))
		if err != nil || n == nil {
			n = &yaml.Node{Kind: yaml.ScalarNode, Value: text}
		}
		d.field(into.Field(f.index), resolved(n), f.name)
	}
	return env, d.Err()
}

// find is the field that a variable sets, and the struct that it is in.
func (e *environment) find(name string) (reflect.Value, fieldInfo, bool) {
	if rest, ok := strings.CutPrefix(name, "POOL_"); ok {
		// One field's name may end another's: the longest match counts.
		fields := slices.SortedFunc(slices.Values(poolFields), func(a, b fieldInfo) int { return cmp.Compare(len(b.name), len(a.name)) })
		for _, f := range fields {
			if pool, ok := strings.CutSuffix(rest, "_"+variable(f.name)); ok && pool != "" {
				return reflect.ValueOf(e.pool(pool)).Elem(), f, true
			}
		}
		return reflect.Value{}, fieldInfo{}, false
	}
	if rest, ok := strings.CutPrefix(name, "CONTROLLER_"); ok {
		return named(rest, &e.Controller, controllerFields)
	}
	if into, f, ok := named(name, &e.document, documentFields); ok {
		return into, f, true
	}
	return named(name, &e.all, poolFields)
}

// named is the field of a struct with a name as in variables.
func named(name string, of any, fields []fieldInfo) (into reflect.Value, f fieldInfo, ok bool) {
	i := slices.IndexFunc(fields, func(f fieldInfo) bool { return variable(f.name) == name })
	if i < 0 {
		return into, f, false
	}
	return reflect.ValueOf(of).Elem(), fields[i], true
}

// pool returns the settings of a pool by its name in variables, and makes them
// if need be.
func (e *environment) pool(name string) *settings {
	if i := slices.Index(e.names, name); i >= 0 {
		return e.pools[i]
	}
	e.names, e.pools = append(e.names, name), append(e.pools, &settings{})
	return e.pools[len(e.pools)-1]
}

// of returns a pool's own variables.
func (e *environment) of(pool string) *settings {
	if i := slices.Index(e.names, variable(pool)); i >= 0 {
		return e.pools[i]
	}
	return &settings{}
}

// variable is a name as in variables: HTTP_BODY for http.body.
func variable(name string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return '_'
		}
		return unicode.ToUpper(r)
	}, name)
}

func unknownVariable(name string) string {
	var names, control []string
	for _, f := range slices.Concat(documentFields, poolFields) {
		names = append(names, prefix+variable(f.name))
	}
	for _, f := range controllerFields {
		control = append(control, prefix+"CONTROLLER_"+variable(f.name))
	}
	all := slices.Concat(names, control)
	if i := slices.IndexFunc(all, func(n string) bool { return alike(n, name) }); i >= 0 {
		return "did you mean " + all[i] + "?"
	}
	if strings.HasPrefix(name, prefix+"CONTROLLER_") {
		names = control
	}
	return "unset it, or use " + strings.Join(names, ", ") + ", or one pool's, like " + prefix + "POOL_HTTP_BODY_LIMIT for http.body"
}
