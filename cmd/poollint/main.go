// Poollint finds mistakes with pools: use after Put, double Put, a forgotten
// Put and the others that docs/mistakes.md lists.
//
//	go run github.com/otelpool/pool/cmd/poollint@latest ./...
//	go vet -vettool=$(which poollint) ./...
package main

import (
	"flag"

	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/otelpool/pool/cmd/poollint/poollint"
)

func main() {
	// multichecker works with go vet, and singlechecker does not; but
	// multichecker has the flags only as -poollint.NAME.
	poollint.Analyzer.Flags.VisitAll(func(f *flag.Flag) { flag.Var(f.Value, f.Name, f.Usage) })
	multichecker.Main(poollint.Analyzer)
}
