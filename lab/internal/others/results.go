package others

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Results are what go test reported.
type Results struct {
	Outcomes map[string]string // pass, fail or skip, of tests and subtests: package.Test/sub; of packages: package.
	Passed   map[string]int    // by package, tests and subtests
	Failures []string
	Output   string // of what failed
	Err      error
}

// Failed tells whether anything did.
func (r Results) Failed() bool { return r.Err != nil || len(r.Failures) > 0 }

// Add counts another run's outcomes, of other packages, with r's.
func (r *Results) Add(other Results) {
	maps.Copy(r.Outcomes, other.Outcomes)
	maps.Copy(r.Passed, other.Passed)
	r.Failures = append(r.Failures, other.Failures...)
	r.Output += other.Output
	r.Err = errors.Join(r.Err, other.Err)
}

// parse reads the output of go test -json.
func parse(out io.Reader) (Results, error) {
	r := Results{Outcomes: make(map[string]string), Passed: make(map[string]int)}
	output := make(map[string]string) // of tests that have not passed
	for d := json.NewDecoder(out); ; {
		var e struct{ Action, Package, Test, Output string }
		if err := d.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return r, fmt.Errorf("go test -json: %w", err)
		}
		name := e.Package + "." + e.Test
		output[name] += e.Output
		switch e.Action {
		case "pass", "skip":
			delete(output, name)
			r.Outcomes[name] = e.Action
			if e.Test != "" && e.Action == "pass" {
				r.Passed[e.Package]++
			}
		case "fail":
			r.Outcomes[name] = e.Action
			r.Failures = append(r.Failures, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(output)) {
		r.Output += output[name]
	}
	return r, nil
}
