package examples_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// What the table of doors says of a library that has its example here is in the example.
func TestTheTableHasTheLinesOfTheExamples(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/existing-programs.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\|.*lab/examples.*? \\| `([^`]+)` \\|").FindAllSubmatch(page, -1)
	if len(rows) != strings.Count(string(source), "\nfunc Example_") {
		t.Errorf("the table has %d rows with an example of this package; want as many as there are examples", len(rows))
	}
	for _, row := range rows {
		if !strings.Contains(string(source), string(row[1])) {
			t.Errorf("no example has %s", row[1])
		}
	}
}
