// Package houserules holds what the project promises about itself and a
// compiler does not check: the direction of imports, the one home of linkname,
// what a module that imports ours gets, and that the README's programs compile.
// It has tests only.
package houserules
