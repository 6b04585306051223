package poolconfig

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// docs is docs/configuration.md.
func docs(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocumentationHasEveryFieldAndWhenItTakesEffect(t *testing.T) {
	t.Parallel()
	text := docs(t)
	row := func(name string) string {
		i := strings.Index(text, "\n| `"+name+"` |")
		if i < 0 {
			t.Errorf("no row for %s", name)
			return ""
		}
		line, _, _ := strings.Cut(text[i+1:], "\n")
		return line
	}
	check := func(name string, f fieldInfo) {
		cells := strings.Split(row(name), " | ")
		if len(cells) != 5 || f.live != strings.HasPrefix(cells[3], "live") {
			t.Errorf("%s: the row is %q; live: %v", name, cells, f.live)
		}
		if f.name != "pools" && f.name != "controller" && !strings.Contains(text, "`"+prefix+variable(f.name)+"`") {
			t.Errorf("%s has no variable", name)
		}
	}
	for _, f := range fieldsOf(reflect.TypeFor[document]()) {
		check(f.name, f)
	}
	for _, f := range poolFields {
		check("pools.NAME."+f.name, f)
	}
	for _, f := range controllerFields {
		if cells := strings.Split(row("controller."+f.name), " | "); len(cells) != 5 || f.live != (cells[3] == "live") {
			t.Errorf("controller.%s: the row is %q; live: %v", f.name, cells, f.live)
		}
	}
}

func TestDocumentsInTheDocumentationAreRight(t *testing.T) {
	t.Parallel()
	text := docs(t)
	blocks := strings.Split(text, "\n```yaml\n")[1:]
	if len(blocks) != 2 {
		t.Fatalf("%d documents", len(blocks))
	}
	var used []string
	for i, b := range blocks {
		b, _, _ = strings.Cut(b, "\n```")
		doc, err := parse(fmt.Sprint("block ", i), []byte(b))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range doc.Pools {
			for _, f := range poolFields {
				if e.at(f) != nil {
					used = append(used, f.name)
				}
			}
		}
	}
	for _, f := range poolFields {
		if !slices.Contains(used, f.name) {
			t.Errorf("the example does not show %s", f.name)
		}
	}
	for line := range strings.Lines(text) { // the table's examples
		if cells := strings.Split(line, " | "); len(cells) == 5 && strings.HasPrefix(line, "| `") {
			example := strings.Trim(strings.TrimSuffix(strings.TrimSpace(cells[4]), "|"), "` ")
			switch {
			case strings.HasPrefix(line, "| `pools.NAME."):
				example = "pools: {a: {" + example + "}}"
			case strings.HasPrefix(line, "| `controller."):
				example = "controller: {" + example + "}"
			}
			if _, err := parse("example", []byte(example)); err != nil {
				t.Error(err)
			}
		}
	}
}

// Faster than FuzzReload, which goes through a file.
func FuzzParse(f *testing.F) {
	f.Add([]byte("budget: 1GiB\npools:\n  \"*\": {limit: 1MiB, prewarm: {4KiB: 1}, classes: {min: 8, max: 64}, mode: on}\n"))
	f.Add([]byte("{\"pools\": {\"a\": {\"classes\": [\"4KiB\", 9000], \"zero\": \"on-put\", \"class_metrics\": true}}}"))
	f.Add([]byte("\"a\\nb\": 1\npools: {\"x\\ny\": {limit: 0}}\n"))
	f.Add([]byte("a: &a {b: [*a]}\n<<: *a\n? [x]\n: *a\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := parse("f", text)
		if err == nil {
			doc.Pools.bySpecificity()
			return
		}
		for line := range strings.Lines(err.Error()) {
			if !strings.HasPrefix(line, "poolconfig: f") && !strings.HasPrefix(line, "poolconfig: and ") {
				t.Errorf("%q: %q", text, line)
			}
		}
	})
}
