// Package others gets other projects' modules and runs their tests. Nothing of their
// code is stored in this repository: it comes from the module proxy, and is compared
// with a checksum.
package others
