package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// render writes the generated blocks and charts from the measurements that there
// are. A block whose suite was never measured stays as it is.
func render(o options) error {
	bounds, err := readBounds(o)
	if err != nil {
		return err
	}
	found := map[string]*results{}
	for name, s := range suites {
		if found[name], err = read(o.raw(s)); err != nil {
			return err
		}
	}
	page := map[string]string{}
	var errs []error
	for name, block := range map[string]func(options, *results) (string, error){
		"compare": comparisonBlock, "worth": worthBlock, "growth": growthBlock,
	} {
		if len(found[name].order) > 0 {
			var err error
			page[name], err = block(o, found[name])
			errs = append(errs, err)
		}
	}
	choice := map[string]string{}
	if len(found["growth"].order) > 0 {
		choice["memory"] = memoryBlock(found["growth"])
	}
	if page["processors"], err = processorsBlock(o, bounds); err != nil {
		return err
	}
	if len(found["compare"].order) > 0 {
		page["bounds"] = boundsBlock(bounds, found)
		choice["strategies"] = strategiesBlock(found["compare"])
	}
	errs = append(errs, splice(filepath.Join(o.root, "docs", "strategies.md"), choice))
	return errors.Join(append(errs, splice(filepath.Join(o.root, "BENCHMARKS.md"), page))...)
}

// boundsBlock is the table of what must hold: a row for each rule and pool, with
// what was measured at its settings.
func boundsBlock(bounds []bound, found map[string]*results) string {
	t := newTable("what must hold", "measured", "bound", "")
	broken, unallocated := 0, 0
	for len(bounds) > 0 {
		n := 1
		for n < len(bounds) && bounds[n].Name == bounds[0].Name {
			n++
		}
		row := judgeAll(bounds[:n], found[bounds[0].Suite])
		bounds = bounds[n:]
		if row.word == "**broken**" {
			broken++
		}
		if row.word == "ok" && row.unit == "allocs/op" {
			unallocated += n
			continue
		}
		t.row(row.name, strings.Join(row.measured, "<br>"), row.limit, row.word)
	}
	if unallocated > 0 {
		t.row("allocations of our pools in all other cases", fmt.Sprintf("0 in %d lines", unallocated), "≤ 0", "ok")
	}
	return fmt.Sprintf("Broken: %d.\n\n%s", broken, strings.TrimRight(t.String(), "\n"))
}

// judged is a row of that table.
type judged struct {
	name, unit, limit, word string
	measured                []string
}

func judgeAll(same []bound, r *results) judged {
	row := judged{name: same[0].Name, unit: same[0].Unit, word: "ok"}
	for i := range same {
		v := same[i].judge(r, false)
		row.limit = v.limit
		row.measured = append(row.measured, v.setting()+": "+v.valueText())
		switch {
		case !v.measured && row.word == "ok":
			row.word = "not measured"
		case v.measured && !v.ok:
			row.word = "**broken**"
		}
	}
	return row
}
