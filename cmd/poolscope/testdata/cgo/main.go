// Cgo needs cgo.
package main

import "C"

func main() {}
