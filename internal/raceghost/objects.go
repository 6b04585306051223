//go:build race

package raceghost

import (
	"bufio"
	"bytes"
	"reflect"
	"unsafe"
)

// PutObject is Put of an object of a type, with the arrays that are nobody else's.
func PutObject(p unsafe.Pointer, t reflect.Type) {
	if p != nil && !off() {
		give(p, object(p, t), nil)
	}
}

// PutAny is PutObject of what a sync.Pool may be given: a pointer to it, or a map. Of a
// slice that lies in the interface itself the array is given away.
func PutAny(x any) {
	v := reflect.ValueOf(x)
	p := at(v)
	if p == nil || off() {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		t := v.Type().Elem()
		give(p, object(p, t), second(p, t.Size()))
	case reflect.Map: // the detector looks at its first byte for all of it
		give(p, []span{{p, 1}}, second(p, 2))
	default:
		_, n := array(v)
		give(p, addArray(nil, v), second(p, n))
	}
}

// second is the memory's second byte, if it has one: where ghosts of PutAny release for
// those of a sync.Pool beneath, which poolscope builds.
func second(p unsafe.Pointer, size uintptr) unsafe.Pointer {
	return unsafe.Add(p, min(1, size/2))
}

// at is where the memory begins, or nil.
func at(v reflect.Value) unsafe.Pointer {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return v.UnsafePointer()
	}
	return nil
}

// object is the memory of one, with the arrays that are nobody else's.
func object(p unsafe.Pointer, t reflect.Type) []span {
	spans := add(nil, p, t)
	if t.Kind() == reflect.Slice {
		spans = addArray(spans, reflect.NewAt(t, p).Elem())
	}
	return spans
}

// GetAny is Get of it.
func GetAny(x any) { Get(at(reflect.ValueOf(x))) }

// PutObject's types whose array nobody else has, in a field of this name.
var owners = map[reflect.Type]string{
	reflect.TypeFor[bytes.Buffer](): "buf", reflect.TypeFor[bufio.Reader](): "buf", reflect.TypeFor[bufio.Writer](): "buf",
}

// add adds the memory of a value.
func add(spans []span, p unsafe.Pointer, t reflect.Type) []span {
	switch {
	case t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic":
		return spans
	case plain(t):
		return append(spans, span{p, t.Size()})
	case t.Kind() == reflect.Array:
		for i := range t.Len() {
			spans = add(spans, unsafe.Add(p, uintptr(i)*t.Elem().Size()), t.Elem())
		}
		return spans
	case owners[t] != "":
		spans = addArray(spans, reflect.NewAt(t, p).Elem().FieldByName(owners[t]))
	}
	for f := range t.Fields() {
		spans = add(spans, unsafe.Add(p, f.Offset), f.Type)
	}
	return spans
}

func addArray(spans []span, v reflect.Value) []span {
	if p, n := array(v); n > 0 {
		spans = append(spans, span{p, n})
	}
	return spans
}

// array is the memory of a slice, all of it.
func array(v reflect.Value) (unsafe.Pointer, uintptr) {
	if v.Kind() != reflect.Slice {
		return nil, 0
	}
	return v.UnsafePointer(), uintptr(v.Cap()) * v.Type().Elem().Size()
}

// plain reports whether a value is looked at as it is, as one piece.
func plain(t reflect.Type) bool {
	switch {
	case t.Kind() == reflect.Array:
		return plain(t.Elem())
	case t.Kind() != reflect.Struct:
		return true
	case owners[t] != "" || t.PkgPath() == "sync" || t.PkgPath() == "sync/atomic":
		return false
	}
	for f := range t.Fields() {
		if !plain(f.Type) {
			return false
		}
	}
	return true
}
