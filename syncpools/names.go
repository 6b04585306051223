//go:build linux || darwin || windows || freebsd

package syncpools

import (
	"fmt"
	"path"
	"runtime"
	"strings"
	"unsafe"
)

// origin says where a pool comes from.
type origin struct {
	name  string // of its variable, or of the function that made it
	place string // file:line of New; "" without one
	alone bool   // the name is a variable's: no other pool has it
}

// originOf names a pool after its variable, a variable that points to it, its
// New function, or the type of its objects, whichever is known first.
func originOf(p *poolShape, object string, symbols *symbols) origin {
	o := origin{}
	o.name, o.place = function(newOf(p))
	if variable := symbols.naming(uintptr(unsafe.Pointer(p))); variable != "" {
		o.name, o.alone = variable, true
	} else if o.name == "" {
		o.name = "of " + object
	}
	return o
}

// function returns the name and place of a closure's code, which stripped
// programs keep too.
//
//go:nocheckptr
func function(closure unsafe.Pointer) (name, place string) {
	if closure == nil {
		return "", ""
	}
	f := code(closure)
	if f == nil {
		return "", ""
	}
	file, line := f.FileLine(f.Entry())
	return readable(f.Name()), fmt.Sprintf("%s:%d", path.Base(file), line)
}

// code is what a closure calls, or nil. A closure begins with the address of its code.
func code(closure unsafe.Pointer) *runtime.Func { return runtime.FuncForPC(*(*uintptr)(closure)) }

// readable shortens the name of a function literal to what its author wrote:
// net/http.init.func1 is known as net/http.
func readable(name string) string {
	for {
		rest := strings.TrimRight(name, "0123456789")
		rest = strings.TrimSuffix(strings.TrimSuffix(rest, "gowrap"), "func")
		outer, literal := strings.CutSuffix(rest, ".")
		if !literal {
			return strings.TrimSuffix(name, ".init")
		}
		name = outer
	}
}

// naming names the variable that an address lies in, or else one that points there.
func (s *symbols) naming(address uintptr) string {
	if name := s.variable(address); name != "" || s == nil {
		return name
	}
	for _, in := range []section{data(), bss()} {
		for at := in.begin; at < in.end; at += wordSize {
			if wordAt(at) == address {
				if name := s.variable(at); name != "" {
					return name
				}
			}
		}
	}
	return ""
}
