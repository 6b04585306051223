package strategies

import (
	"bufio"
	"bytes"
	"reflect"
	"strings"
	"unsafe"
)

// defaultSize is the Size of the types that everybody pools: their own bytes and
// those that they hold on to. It is nil for others.
func defaultSize[T any]() func(*T) int64 {
	own := int64(unsafe.Sizeof(*new(T)))
	switch any((*T)(nil)).(type) {
	case *bytes.Buffer:
		return func(x *T) int64 { return own + int64(any(x).(*bytes.Buffer).Cap()) }
	case *strings.Builder:
		return func(x *T) int64 { return own + int64(any(x).(*strings.Builder).Cap()) }
	case *bufio.Reader:
		return func(x *T) int64 { return own + int64(any(x).(*bufio.Reader).Size()) }
	case *bufio.Writer:
		return func(x *T) int64 { return own + int64(any(x).(*bufio.Writer).Size()) }
	}
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Slice || holdsPointers(t.Elem()) {
		return nil
	}
	each := int64(t.Elem().Size())
	return func(x *T) int64 { // every slice begins alike, and cap asks for no more
		return own + each*int64(cap(*(*[]struct{})(unsafe.Pointer(x))))
	}
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
