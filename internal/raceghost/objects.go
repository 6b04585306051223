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
	if p == nil || off() {
		return
	}
	spans := add(nil, p, t)
	if t.Kind() == reflect.Slice {
		spans = addArray(spans, reflect.NewAt(t, p).Elem())
	}
	give(p, spans)
}

// PutAny is PutObject of what a sync.Pool may be given: a pointer to it. Of a slice that
// lies in the interface itself the array is given away.
func PutAny(x any) {
	switch v := reflect.ValueOf(x); v.Kind() {
	case reflect.Pointer:
		PutObject(v.UnsafePointer(), v.Type().Elem())
	case reflect.Slice:
		Put(array(v))
	}
}

// GetAny is Get of it.
func GetAny(x any) {
	switch v := reflect.ValueOf(x); v.Kind() {
	case reflect.Pointer, reflect.Slice:
		Get(v.UnsafePointer())
	}
}

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
