//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"reflect"
	"unsafe"
)

// sizing computes the bytes of an object of one type: the type itself, and the
// arrays of its slices, to a depth. Of maps, channels, functions and interfaces
// only the headers count, so a size is usually too low.
type sizing struct {
	name  string
	fixed int64
	parts []part
}

// part is a slice or a pointer at an offset of an object.
type part struct {
	offset  uintptr
	element int64   // bytes of a slice's element; 0 for a pointer
	to      *sizing // what a pointer points to
}

// depth is the number of pointers that a sizing follows: a *gzip.Writer's array
// is behind two.
const depth = 3

// sizingOf returns the sizing for a type word. Most pools hold pointers; other
// values lie in memory of their own.
func sizingOf(typ unsafe.Pointer) *sizing {
	t := typeOf(typ)
	var s *sizing
	switch {
	case t.Kind() == reflect.Pointer:
		s = structSizing(t.Elem(), depth)
	case t.Size() == wordSize: // may be a pointer itself, such as a map, and is then in the interface
		s = &sizing{fixed: int64(wordSize)}
	default:
		s = structSizing(t, depth)
	}
	s.name = t.String()
	return s
}

// typeOf returns the type for an interface's type word.
func typeOf(typ unsafe.Pointer) reflect.Type {
	var x any
	(*eface)(unsafe.Pointer(&x)).typ = typ
	return reflect.TypeOf(x)
}

func structSizing(t reflect.Type, depth int) *sizing {
	s := &sizing{fixed: int64(t.Size())}
	s.add(t, 0, depth)
	return s
}

func (s *sizing) add(t reflect.Type, offset uintptr, depth int) {
	switch t.Kind() {
	case reflect.Slice:
		s.parts = append(s.parts, part{offset: offset, element: int64(t.Elem().Size())})
	case reflect.Struct:
		for f := range t.Fields() {
			s.add(f.Type, offset+f.Offset, depth)
		}
	case reflect.Pointer:
		if depth > 1 && owns(t.Elem()) {
			s.parts = append(s.parts, part{offset: offset, to: structSizing(t.Elem(), depth-1)})
		}
	}
}

// owns reports whether to follow a pointer to t: to a struct that has an array
// or a slice of plain values. Other pointers are more often shared than owned.
func owns(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return t.Kind() == reflect.Slice || t.Kind() == reflect.Array
	}
	for field := range t.Fields() {
		switch f := field.Type; f.Kind() {
		case reflect.Array:
			if f.Size() >= 256 {
				return true
			}
		case reflect.Slice:
			if f.Elem().Kind() <= reflect.Complex128 {
				return true
			}
		}
	}
	return false
}

// weigh returns the bytes of an object. The caller's reference keeps the object
// alive, and a pointer read from it keeps its target alive, as in any Go code.
// A user may have taken the object since and be changing it: words are never
// torn, so a capacity read is one that the slice had, and a pointer of a type
// is nil or points to that type.
//
//go:norace
//go:nocheckptr
func (s *sizing) weigh(object unsafe.Pointer) int64 {
	bytes := s.fixed
	for i := range s.parts {
		p := &s.parts[i]
		at := unsafe.Add(object, p.offset)
		if p.to == nil {
			bytes += int64((*[3]uintptr)(at)[2]) * p.element
		} else if to := *(*unsafe.Pointer)(at); to != nil {
			bytes += p.to.weigh(to)
		}
	}
	return bytes
}
