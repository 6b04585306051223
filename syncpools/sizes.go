//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"reflect"
	"unsafe"
)

// sizing computes what an object of one type weighs: the type itself, and the
// arrays of the slices in it, to a depth. Maps, channels, functions and interfaces
// count as what their headers take, so a size is an estimate from below.
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

// depth is how many pointers a sizing follows: a *gzip.Writer's array is behind
// two.
const depth = 3

// sizingOf returns how the objects of a type word are weighed. A pool holds
// pointers as a rule; other values lie in memory of their own.
func sizingOf(typ unsafe.Pointer) *sizing {
	t := typeOf(typ)
	var s *sizing
	switch {
	case t.Kind() == reflect.Pointer:
		s = structSizing(t.Elem(), depth)
	case t.Size() == wordSize: // may be a pointer in itself, a map say, and lies in the interface then
		s = &sizing{fixed: int64(wordSize)}
	default:
		s = structSizing(t, depth)
	}
	s.name = t.String()
	return s
}

// typeOf makes a type of the word that an interface has for it. Only the word is
// looked at.
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

// owns reports whether a pointer to t is followed: one to a struct with an array, or
// a slice of plain values, in it. Others are more often shared than owned.
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

// weigh returns the bytes of an object. The caller's reference keeps it, and a
// pointer that is read from it keeps what it points to, as in any Go code. Somebody may
// have taken it since and be changing it: a word is never torn, so a capacity is one that
// the slice had, and a pointer of a type is nil or points to that type.
//
//go:norace
//go:nocheckptr
func (s *sizing) weigh(object unsafe.Pointer) int64 {
	if object == nil {
		return s.fixed
	}
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
