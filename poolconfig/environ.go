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

// prefix begins the names of the package's variables; what follows, those of some.
const (
	prefix           = "OTELPOOL_"
	poolPrefix       = "POOL_"       // then, for one pool's: POOL_HTTP_BODY_LIMIT
	controllerPrefix = "CONTROLLER_" // for the controller's
)

// fileVariable names the document if the program names none.
const fileVariable = prefix + "CONFIG"

// environment holds the variables' settings. They override the document.
type environment struct {
	document                      // its fields but pools
	all      settings             // of every pool, unless there is one for the pool
	pools    map[string]*settings // of single pools, by name as variables write it
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
	env, d := &environment{pools: map[string]*settings{}}, &decoder{}
	for _, v := range slices.Sorted(slices.Values(variables)) {
		name, text, _ := strings.Cut(v, "=")
		rest, ours := strings.CutPrefix(name, prefix)
		if !ours || text == "" || name == fileVariable || notOurs.MatchString(rest) {
			continue
		}
		d.origin = func(*yaml.Node) origin { return origin(name) }
		d.own = strings.HasPrefix(rest, poolPrefix)
		field, path := env.find(rest)
		if path == "" {
			d.add(origin(name), "the variable", "not known", unknownVariable(name))
			continue
		}
		d.field(field, resolved(valueNode(text)), path)
	}
	return env, d.Err()
}

// find is the field that a variable sets, and its name; "" if there is none.
func (e *environment) find(name string) (field reflect.Value, path string) {
	if rest, ok := strings.CutPrefix(name, poolPrefix); ok {
		// One field's name may end another's: the longest match counts.
		fields := slices.SortedFunc(slices.Values(poolFields), func(a, b fieldInfo) int { return cmp.Compare(len(b.name), len(a.name)) })
		for _, f := range fields {
			if pool, ok := strings.CutSuffix(rest, "_"+variable(f.name)); ok && pool != "" {
				return reflect.ValueOf(e.pool(pool)).Elem().Field(f.index), f.name
			}
		}
	}
	for _, of := range []struct {
		into   any
		prefix string
		fields []fieldInfo
	}{{&e.document, "", documentFields}, {&e.all, "", poolFields}, {&e.Controller, controllerPrefix, controllerFields}} {
		for _, f := range of.fields {
			if of.prefix+variable(f.name) == name {
				return reflect.ValueOf(of.into).Elem().Field(f.index), f.name
			}
		}
	}
	return field, ""
}

// pool returns the settings of a pool by its name in variables, and makes them
// if need be.
func (e *environment) pool(name string) *settings {
	s := cmp.Or(e.pools[name], new(settings))
	e.pools[name] = s
	return s
}

// of returns a pool's own variables.
func (e *environment) of(pool string) *settings {
	return cmp.Or(e.pools[variable(pool)], new(settings))
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
	names := namesOf(prefix, slices.Concat(documentFields, poolFields))
	control := namesOf(prefix+controllerPrefix, controllerFields)
	all := slices.Concat(names, control)
	if i := slices.IndexFunc(all, func(n string) bool { return alike(n, name) }); i >= 0 {
		return "did you mean " + all[i] + "?"
	}
	if strings.HasPrefix(name, prefix+controllerPrefix) {
		names = control
	}
	return "unset it, or use " + strings.Join(names, ", ") + ", or one pool's, like " + prefix + "POOL_HTTP_BODY_LIMIT for http.body"
}

func namesOf(prefix string, fields []fieldInfo) (names []string) {
	for _, f := range fields {
		names = append(names, prefix+variable(f.name))
	}
	return names
}
