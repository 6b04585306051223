package poolconfig

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

var update = flag.Bool("update", false, "write schema.json")

// one and zero are for fields of jsonschema.Schema.
var one, zero = 1.0, 0.0

// sizeSchema is the schema of a size, and of other words.
func sizeSchema(least *float64, words ...any) *jsonschema.Schema {
	s := &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "integer", Minimum: least},
		{Type: "string", Pattern: sizePattern},
	}, Examples: []any{"64MiB"}}
	if len(words) > 0 {
		s.AnyOf = append(s.AnyOf, &jsonschema.Schema{Enum: words})
	}
	return s
}

// schemas is what the values of a document look like.
func schemas(t *testing.T) map[reflect.Type]*jsonschema.Schema {
	many := &jsonschema.Schema{Type: "integer", Minimum: &zero}
	s := map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[setting[limit]]():   sizeSchema(&one, unlimited),
		reflect.TypeFor[setting[size]]():    sizeSchema(&zero),
		reflect.TypeFor[setting[bytes]]():   sizeSchema(&zero),
		reflect.TypeFor[setting[count]]():   many,
		reflect.TypeFor[setting[boolean]](): {Enum: []any{true, false, "on", "off"}},
		reflect.TypeFor[setting[prewarm]](): {AnyOf: []*jsonschema.Schema{many, {
			Type: "object", AdditionalProperties: many, PropertyNames: &jsonschema.Schema{Pattern: sizePattern},
		}}},
	}
	words := func(words []string) *jsonschema.Schema {
		s := new(jsonschema.Schema)
		for _, w := range words {
			s.Enum = append(s.Enum, w)
			switch w { // as decoder.word reads them
			case "on":
				s.Enum = append(s.Enum, true)
			case "off":
				s.Enum = append(s.Enum, false)
			}
		}
		return s
	}
	s[reflect.TypeFor[setting[mode]]()] = words(modes)
	s[reflect.TypeFor[setting[zeroing]]()] = words(zeroings)
	s[reflect.TypeFor[setting[watching]]()] = words(watchings)
	s[reflect.TypeFor[setting[forceGC]]()] = words(forceGCs)
	s[reflect.TypeFor[setting[duration]]()] = &jsonschema.Schema{
		Type: "string", Pattern: `^\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)([0-9.]+(ns|us|µs|ms|s|m|h))*$`,
		Examples: []any{"10s"},
	}
	s[reflect.TypeFor[setting[share]]()] = &jsonschema.Schema{Type: "number", ExclusiveMinimum: &zero, Maximum: &one}
	levels := schemaFor[bounds](t, s)
	levels.Required = []string{"enter", "exit"}
	s[reflect.TypeFor[setting[band]]()] = levels
	s[reflect.TypeFor[controller]()] = schemaFor[controller](t, s)
	table := schemaFor[geometric](t, s)
	table.Required = []string{"min", "max"}
	s[reflect.TypeFor[setting[classes]]()] = &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
		{Type: "array", Items: sizeSchema(&one), MinItems: new(1)}, table,
	}}
	pool := schemaFor[settings](t, s)
	s[reflect.TypeFor[patterns]()] = &jsonschema.Schema{
		Type: "object", AdditionalProperties: pool, PropertyNames: &jsonschema.Schema{MinLength: new(1)},
	}
	return s
}

func schemaFor[T any](t *testing.T, of map[reflect.Type]*jsonschema.Schema) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.For[T](&jsonschema.ForOptions{TypeSchemas: of})
	if err != nil {
		t.Fatal(err)
	}
	s.PatternProperties = map[string]*jsonschema.Schema{"^" + extension: {}}
	for _, p := range s.Properties { // For lets a pointer be null
		p.Types = slices.DeleteFunc(p.Types, func(name string) bool { return name == "null" })
		switch len(p.Types) {
		case 0:
			p.Types = nil
		case 1:
			p.Type, p.Types = p.Types[0], nil
		}
	}
	return s
}

// The schema is made from the types that documents are read into, so it cannot
// say anything else.
func TestSchemaIsThatOfTheTypes(t *testing.T) {
	t.Parallel()
	s := schemaFor[document](t, schemas(t))
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "Configuration of otelpool's pools"
	want, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("schema.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !slices.Equal(schema, want) {
		t.Error("schema.json differs from the types: go test -run TestSchema -update")
	}
}
