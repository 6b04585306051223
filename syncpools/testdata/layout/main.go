// Layout says whether a census starts: it is built with a changed package sync.
package main

import (
	"fmt"

	"github.com/otelpool/pool/syncpools"
)

func main() {
	_, err := syncpools.Start(syncpools.Config{})
	fmt.Println("census:", err)
}
