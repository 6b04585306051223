package poolconfig

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decoder reads a document's nodes. It continues after a mistake, in order to
// find all of them.
type decoder struct {
	problems
	origin func(*yaml.Node) origin
	own    bool // settings are read that are meant for one pool
}

// decodable is a field of a document, or a setting's value; it reads itself from a node.
type decodable interface {
	decode(d *decoder, n *yaml.Node, path string)
}

// wrong notes that the field at path cannot have the value of a node.
func (d *decoder) wrong(n *yaml.Node, path, remedy string) {
	d.add(d.origin(n), path, describe(n), remedy)
}

func (d *decoder) wrongIf(wrong bool, n *yaml.Node, path, remedy string) {
	if wrong {
		d.wrong(n, path, remedy)
	}
}

// describe is a node's value for an error.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null":
		return "empty"
	case n.Tag == "!!int" && len(n.Value) < longestQuote:
		return n.Value
	}
	return quote(n.Value)
}

// scalar is the text of a node: "" for a mapping, a list or null. No setting has
// the value "".
func (d *decoder) scalar(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// word is the text of a node, with on and off for true and false, because tools
// that read YAML 1.1, such as Helm, turn on and off into booleans.
func (d *decoder) word(n *yaml.Node) string {
	switch text := d.scalar(n); {
	case text == "true" || n.Tag == "!!bool" && strings.EqualFold(text, "true"):
		return "on"
	case text == "false" || n.Tag == "!!bool" && strings.EqualFold(text, "false"):
		return "off"
	default:
		return text
	}
}

// oneOf returns the index of a node's word in words.
func (d *decoder) oneOf(n *yaml.Node, path string, words []string) int {
	i := slices.Index(words, d.word(n))
	last := len(words) - 1
	d.wrongIf(i < 0, n, path, "use "+strings.Join(words[:last], ", ")+" or "+words[last])
	return max(i, 0)
}

// resolved is the node that an alias stands for.
func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// pairs yields the keys and values of a mapping, without repeated keys.
func (d *decoder) pairs(n *yaml.Node, path string) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		seen := map[string]*yaml.Node{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := resolved(n.Content[i]), resolved(n.Content[i+1])
			if key.Kind != yaml.ScalarNode {
				d.wrong(key, "a name in "+cmp.Or(path, theDocument), "use a word")
				continue
			}
			if first := seen[key.Value]; first != nil {
				d.add(d.origin(key), below(path, key.Value), "given twice",
					fmt.Sprintf("the first is at %s: keep one", d.origin(first)))
				continue
			}
			seen[key.Value] = key
			if !yield(key, value) {
				return
			}
		}
	}
}

// extension is the prefix of the writer's own fields, as in compose files: they
// hold anchors and values for other tools.
const extension = "x-"

// object reads a mapping into the struct that into points to.
func (d *decoder) object(n *yaml.Node, path string, into any) {
	v := reflect.ValueOf(into).Elem()
	fields := fieldsOf(v.Type())
	if n.Kind != yaml.MappingNode {
		d.wrong(n, cmp.Or(path, theDocument), "use a mapping with "+listed(fields))
		return
	}
	for key, value := range d.pairs(n, path) {
		i := slices.IndexFunc(fields, func(f fieldInfo) bool { return f.name == key.Value })
		name := below(path, key.Value)
		if strings.HasPrefix(key.Value, extension) {
			continue
		}
		if i < 0 {
			d.add(d.origin(key), name, "not known", unknownRemedy(key.Value, fields))
			continue
		}
		if value.Tag == "!!null" {
			d.wrong(value, name, "give it a value, or leave it out")
			continue
		}
		d.field(v.Field(fields[i].index), value, name)
	}
}

// field reads a field of a struct, which is a pointer to be set or a struct.
func (d *decoder) field(v reflect.Value, n *yaml.Node, path string) {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	v.Addr().Interface().(decodable).decode(d, n, path)
}

// below joins a field's name to the path of its parent.
func below(path, field string) string { return strings.TrimPrefix(path+"."+word(field), ".") }

func listed(fields []fieldInfo) string {
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	return strings.Join(names, ", ")
}

func unknownRemedy(name string, fields []fieldInfo) string {
	if name == "<<" {
		return "YAML merges are not supported: use a pattern that matches both pools"
	}
	if i := slices.IndexFunc(fields, func(f fieldInfo) bool { return alike(f.name, name) }); i >= 0 {
		return fmt.Sprintf("did you mean %s?", fields[i].name)
	}
	return "use " + listed(fields)
}

// alike reports whether two words differ only in case, in - and _, by one
// letter that was added, left out or changed, or by two letters that changed
// places.
func alike(a, b string) bool {
	plain := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	a, b = plain(a), plain(b)
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	swapped := len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
	return swapped || len(a) <= 1 && len(b) <= 1
}

// theDocument is the path of a document's root, in errors.
const theDocument = "the document"

// maxDocument is the longest document read: anything longer is some other file.
const maxDocument = 1 << 20

// parse reads a document of YAML or JSON. name is the file's, for errors.
func parse(name string, text []byte) (*document, error) {
	doc := &document{}
	d := &decoder{origin: func(n *yaml.Node) origin { return lineOf(name, n.Line) }}
	if len(text) > maxDocument {
		d.add(origin(name), theDocument, "too long", fmt.Sprintf("use at most %v", size(maxDocument)))
		return nil, d.Err()
	}
	root, err := load(text)
	switch {
	case err != nil:
		d.unreadable(name, err)
	case root == nil:
		// A writer that has truncated the file and not written it yet must not
		// reset the settings in force.
		d.add(origin(name), theDocument, "empty", "write {} for one without settings")
	default:
		d.object(root, "", doc)
	}
	return doc, d.Err()
}

// load returns the document's root, or nil if it is empty.
func load(text []byte) (*yaml.Node, error) {
	var docs []yaml.Node
	if err := yaml.Load(text, &docs, yaml.WithAllDocuments()); err != nil {
		return nil, err
	}
	switch {
	case len(docs) == 0:
		return nil, nil
	case len(docs) > 1:
		return nil, errors.New("more than one document: keep the first, without the line ---")
	}
	root := &docs[0]
	if root.Kind == yaml.DocumentNode && len(root.Content) > 0 {
		root = root.Content[0]
	}
	if root.Tag == "!!null" {
		return nil, nil
	}
	return root, nil
}

// unreadable notes that a text is not YAML.
func (d *decoder) unreadable(name string, err error) {
	at, text := origin(name), err.Error()
	if e, ok := errors.AsType[*yaml.LoadError](err); ok {
		text = e.Message
		if e.Mark.Line > 0 {
			at = lineOf(name, e.Mark.Line)
		}
	}
	switch {
	case strings.Contains(text, "alphabetic or numeric"):
		text += `: put a pattern that begins with * between quotes, as in "*"`
	case strings.Contains(text, "cannot start any token"):
		text += ": indent with spaces, not tabs, and put such characters between quotes"
	}
	d.Add(fmt.Errorf("poolconfig: %s: not YAML or JSON: %s", at, text))
}

func lineOf(file string, line int) origin { return origin(fmt.Sprintf("%s:%d", file, line)) }
