package strategies

import (
	"bufio"
	"bytes"
	"reflect"
	"strings"
	"unsafe"
)

// measure tells the bytes of objects that hold on to one slice of values without pointers,
// and to nothing else. It calls no function, as a Size would.
type measure struct {
	own  int64   // of the object
	each int64   // of an element
	at   uintptr // of the slice, in the object
}

// measureOf returns the measure of a type, or nil if it has none.
func measureOf(t reflect.Type) *measure {
	m := &measure{own: int64(t.Size())}
	slice := t
	if t.Kind() == reflect.Struct {
		pointers := 0
		for f := range t.Fields() {
			if holdsPointers(f.Type) {
				pointers++
				slice, m.at = f.Type, f.Offset
			}
		}
		if pointers != 1 {
			return nil
		}
	}
	if slice.Kind() != reflect.Slice || holdsPointers(slice.Elem()) {
		return nil
	}
	m.each = int64(slice.Elem().Size())
	return m
}

// of returns the bytes of x. It reads the slice as one of empty structs: every slice begins
// alike, and cap asks for no more.
func (m *measure) of(x unsafe.Pointer) int64 {
	return m.own + m.each*int64(cap(*(*[]struct{})(unsafe.Add(x, m.at))))
}

// defaultSize is the Size of other types that everybody pools: their own bytes and those
// that they hold on to. It is nil for the rest.
func defaultSize[T any]() func(*T) int64 {
	own := int64(unsafe.Sizeof(*new(T)))
	switch any((*T)(nil)).(type) {
	case *bytes.Buffer: // which has no measure once it has another pointer
		return func(x *T) int64 { return own + int64(any(x).(*bytes.Buffer).Cap()) }
	case *strings.Builder:
		return func(x *T) int64 { return own + int64(any(x).(*strings.Builder).Cap()) }
	case *bufio.Reader:
		return func(x *T) int64 { return own + int64(any(x).(*bufio.Reader).Size()) }
	case *bufio.Writer:
		return func(x *T) int64 { return own + int64(any(x).(*bufio.Writer).Size()) }
	}
	return nil
}

// holdsPointers reports whether values of a type may hold on to memory beside their
// own.
func holdsPointers(t reflect.Type) bool {
	switch k := t.Kind(); k {
	case reflect.Array:
		return t.Len() > 0 && holdsPointers(t.Elem())
	case reflect.Struct:
		for field := range t.Fields() {
			if holdsPointers(field.Type) {
				return true
			}
		}
		return false
	default:
		return k < reflect.Bool || k > reflect.Complex128 && k != reflect.Array
	}
}
