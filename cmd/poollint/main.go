// Poollint finds mistakes with pools: use after Put, double Put, a forgotten Put and
// what else docs/mistakes.md lists.
//
//	go run github.com/otelpool/pool/cmd/poollint@latest ./...
//	go vet -vettool=$(which poollint) ./...
package main

import (
	"golang.org/x/tools/go/analysis/multichecker"

	"github.com/otelpool/pool/cmd/poollint/poollint"
)

func main() { multichecker.Main(poollint.Analyzer) }
