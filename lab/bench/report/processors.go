package main

import (
	"context"
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// The processors' table has a column for each file lab/bench/CPUNAME-goVERSION.txt, which
// has the lines that our ratios to sync.Pool are made of. compare writes the file of
// its machine, and so does processor, which measures nothing else.

// sideBySide is the bounds whose ratios the table has.
func sideBySide(bounds []bound) []bound {
	return slices.DeleteFunc(slices.Clone(bounds), func(b bound) bool {
		return b.Suite != "compare" || b.to.Pool != reference || b.Unit != "sec/op"
	})
}

// measureProcessor measures the lines of the table alone.
func measureProcessor(ctx context.Context, o options, stdout, stderr io.Writer) error {
	bounds, err := readBounds(o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "otelpool-processor")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	raw := filepath.Join(dir, "raw")
	if _, err := measureFor(ctx, o, suites["compare"], sideBySide(bounds), raw, stderr); err != nil {
		return err
	}
	file, err := keepProcessor(o, raw)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "written: %s, BENCHMARKS.md\n", file)
	return render(o)
}

// keepProcessor writes the lines of the table that raw has into the file of the
// machine that measured them.
func keepProcessor(o options, raw string) (file string, err error) {
	bounds, err := readBounds(o)
	if err != nil {
		return "", err
	}
	r, err := read(raw)
	if err != nil {
		return "", err
	}
	wanted := map[id]bool{}
	for _, b := range sideBySide(bounds) {
		for _, at := range b.ids() {
			wanted[at] = true
		}
	}
	text, err := os.ReadFile(raw)
	if err != nil {
		return "", err
	}
	file = filepath.Join(o.root, "lab", "bench", r.processor()+".txt")
	return file, os.WriteFile(file, []byte(excerpt(string(text), wanted)), 0o644)
}

// excerpt is the wanted lines of a raw output, and what it says of the run once.
func excerpt(raw string, wanted map[id]bool) string {
	var out strings.Builder
	said := map[string]bool{}
	for line := range strings.Lines(raw) {
		name, isBenchmark := strings.CutPrefix(line, "Benchmark")
		name, _, _ = strings.Cut(name, " ")
		switch {
		case isBenchmark && wanted[parseName(benchfmt.Name(name))]:
			out.WriteString(line)
		case !isBenchmark && strings.Contains(line, ": ") && !said[line]:
			said[line] = true
			out.WriteString(line)
		}
	}
	return out.String()
}

var notOfAName = regexp.MustCompile(`(\(r\)|\(tm\)|[^a-z0-9])+`)

// processor is the name of the machine's file.
func (r *results) processor() string {
	name := strings.Trim(notOfAName.ReplaceAllString(strings.ToLower(r.config["cpu"]), "-"), "-")
	return name + "-" + version.Lang(r.config["go"])
}

// processorsBlock is the table.
func processorsBlock(o options, bounds []bound) (string, error) {
	files, err := filepath.Glob(filepath.Join(o.root, "lab", "bench", "*-go1.*.txt"))
	if err != nil {
		return "", err
	}
	header, all := []string{"ratio to sync.Pool"}, []*results(nil)
	var errs []error
	for _, file := range files {
		r, err := read(file)
		errs = append(errs, err)
		all = append(all, r)
		header = append(
			header,
			fmt.Sprintf("%s<br>%s, %s, commit %s", r.config["cpu"], r.config["go"], r.config["kernel"], r.config["commit"]),
		)
	}
	if err := errors.Join(errs...); err != nil {
		return "", err
	}
	t := newTable(header...)
	for rest := sideBySide(bounds); len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Name == rest[0].Name {
			n++
		}
		t.row(ratios(rest[:n], all)...)
		rest = rest[n:]
	}
	return strings.TrimRight(t.String(), "\n"), nil
}

// ratios is a row: what each processor measured at each setting, and which bound holds
// there.
func ratios(same []bound, all []*results) []string {
	cells := []string{same[0].Name}
	for _, r := range all {
		var texts []string
		limit := ""
		for i := range same {
			if v := same[i].judge(r, false); v.measured {
				texts = append(texts, v.setting()+": "+trimmed(v.value)+r.slowText(v.of))
				limit = " (" + v.limit + ")"
			}
		}
		cells = append(cells, strings.Join(texts, ", ")+limit)
	}
	return cells
}

// slowText says how many processes were slow, if any.
func (r *results) slowText(at id) string {
	if n := r.slow(at); n > 0 {
		return fmt.Sprintf(", %.0f of %d processes slow", n, len(r.values[at]["sec/op"]))
	}
	return ""
}
