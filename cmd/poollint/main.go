// Poollint finds mistakes with pools: use after Put, double Put, a forgotten Put and
// what else docs/mistakes.md lists.
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
	// multichecker speaks to go vet, and singlechecker does not; but it knows the
	// flags by -poollint.NAME alone.
	poollint.Analyzer.Flags.VisitAll(func(f *flag.Flag) { flag.Var(f.Value, f.Name, f.Usage) })
	multichecker.Main(poollint.Analyzer)
}
