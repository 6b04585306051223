//go:build !race

package raceghost

import (
	"reflect"
	"unsafe"
)

// On is true in race builds.
const On = false

// Enable does nothing here, nor do the others.
func Enable(bool) {}

// Pause does nothing here.
func Pause() (resume func()) { return func() {} }

// Put does nothing here.
func Put(unsafe.Pointer, uintptr) {}

// PutObject does nothing here.
func PutObject(unsafe.Pointer, reflect.Type) {}

// PutAny does nothing here.
func PutAny(any) {}

// Get does nothing here.
func Get(unsafe.Pointer) {}

// GetAny does nothing here.
func GetAny(any) {}

// Again does nothing here.
func Again(unsafe.Pointer, uintptr) {}

// Part does nothing here.
func Part(unsafe.Pointer, uintptr) {}
