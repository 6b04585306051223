// Command dashboards writes the dashboards and rules for a Prometheus in which
// metrics have their names with dots, as the translation strategy
// NoUTF8EscapingWithSuffixes leaves them. Those for the default translation are in
// deploy/.
//
//	go run ./dashboards -o DIR
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/dashboards"
)

func main() {
	dir := flag.String("o", "", "directory to write to")
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "dashboards: say where to: -o DIR")
		os.Exit(2)
	}
	if err := write(*dir); err != nil {
		fmt.Fprintf(os.Stderr, "dashboards: %v\n", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	names, err := dashboards.UTF8()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, p := range dashboards.Pages() {
		text, err := p.Grafana(names)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, p.UID+".json"), text, 0o644); err != nil {
			return err
		}
	}
	rules, err := built.RepoPath("deploy", "prometheus", "rules", "otelpool.yml")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(rules)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "otelpool.yml"), []byte(names.Rules(string(text))), 0o644)
}
