package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"

	"golang.org/x/perf/benchunit"
)

//go:embed page.md.txt
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// section is what the page says of a program.
type section struct {
	Name, Module, Version, Change, Machine, Date, Rounds, Benchtime, Layout string
	Found                                                                   found
	Skipped, Parts                                                          map[string]string
	Note                                                                    string
	Telling                                                                 []string
	Rows                                                                    []row
}

// row is a benchmark with one GOGC.
type row struct {
	Name, GOGC              string
	Time, Bytes             compared
	NsBefore, NsAfter       string
	BytesBefore, BytesAfter string
}

func (o *options) writePage() error {
	text, err := o.page()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(o.root, "docs", "programs.md"), []byte(text), 0o644)
}

// page has the programs that have been measured.
func (o *options) page() (string, error) {
	var sections []section
	for _, p := range programs {
		s, err := o.section(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", p.name, err)
		}
		sections = append(sections, s)
	}
	var text strings.Builder
	err := pageTemplate.Execute(&text, sections)
	return text.String(), err
}

func (o *options) section(p program) (section, error) {
	s := section{
		Name: p.name, Module: p.module.Path, Version: p.module.Version, Change: p.change.String(),
		Skipped: p.skip, Parts: p.parts, Note: p.note,
	}
	var err error
	if s.Found, err = o.readFound(p.name); err != nil {
		return s, err
	}
	s.Telling = telling(s.Found.Pools)
	f, err := readFigures(o.results(p.name, ".txt"))
	if err != nil {
		return s, err
	}
	s.Machine, s.Date = strings.TrimSpace(f.config["cpu"])+", "+f.config["cores"]+" cores, "+f.config["go"], f.config["date"]
	s.Rounds, s.Benchtime, s.Layout = f.config["rounds"], f.config["benchtime"], f.config["layout"]
	for _, at := range f.order {
		s.Rows = append(s.Rows, f.row(at, p.module.Path))
	}
	return s, nil
}

func (f *figures) row(at line, module string) row {
	r := row{Name: strings.TrimPrefix(strings.TrimPrefix(at.pkg, module), "/") + " " + at.name, GOGC: at.gogc}
	r.Name = cpus.ReplaceAllString(strings.TrimSpace(r.Name), "")
	r.Time, r.Bytes = f.compare(at, "sec/op"), f.compare(at, "B/op")
	r.NsBefore, r.NsAfter = seconds(r.Time.before), seconds(r.Time.after)
	r.BytesBefore, r.BytesAfter = bytesOf(r.Bytes.before), bytesOf(r.Bytes.after)
	return r
}

var cpus = regexp.MustCompile(`-\d+$`)

func seconds(x float64) string { return benchunit.Scale(x, benchunit.Decimal) + "s" }
func bytesOf(x float64) string { return benchunit.Scale(x, benchunit.Binary) + "B" }

// TimeCell is the ratio of the times for the table: bold where a requirement is broken or met.
func (r row) TimeCell() string { return cell(r.Time, r.Time.slower()) }

// BytesCell is that of the bytes, where an operation allocates.
func (r row) BytesCell() string {
	if max(r.Bytes.before, r.Bytes.after) < fewBytes {
		return "–"
	}
	return cell(r.Bytes, r.GOGC == "25" && r.Bytes.saves())
}

func cell(c compared, bold bool) string {
	text := fmt.Sprintf("%.2f", c.ratio())
	switch {
	case bold:
		return "**" + text + "**"
	case c.p >= unsure:
		return "~ " + text
	default:
		return text
	}
}

// Slower and Saving count what the requirements ask for.
func (s section) Slower() (n int) {
	for _, r := range s.Rows {
		if r.Time.slower() {
			n++
		}
	}
	return n
}

// Saving counts benchmarks with GOGC=25.
func (s section) Saving() (n int) {
	for _, r := range s.Rows {
		if r.GOGC == "25" && r.Bytes.saves() {
			n++
		}
	}
	return n
}

// Same is the answer for the table.
func (s section) Same() string {
	if len(s.Found.Tests.Differ) == 0 {
		return "yes: " + s.Found.Tests.Ours.String()
	}
	return fmt.Sprintf("**no**: %s; unchanged %s", s.Found.Tests.Ours, s.Found.Tests.Theirs)
}
