package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// check measures what bounds.yaml speaks of, and that only, and compares.
func check(ctx context.Context, o options, stdout, stderr io.Writer) error {
	bounds, err := readBounds(o)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "otelpool-check")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var verdicts []verdict
	for _, name := range []string{"compare", "growth", "worth"} {
		wanted := ofSuite(bounds, name, o.lenient)
		if len(wanted) == 0 {
			continue
		}
		r, err := measureFor(ctx, o, suites[name], wanted, filepath.Join(dir, name), stderr)
		if err != nil {
			return err
		}
		for i := range wanted {
			verdicts = append(verdicts, wanted[i].judge(r, o.lenient))
		}
	}
	return report(verdicts, stdout)
}

// ofSuite is the bounds that a suite's figures decide.
func ofSuite(bounds []bound, suite string, lenient bool) (some []bound) {
	for _, b := range bounds {
		if b.Suite == suite && (!lenient || b.CI != nil) {
			some = append(some, b)
		}
	}
	return some
}

func measureFor(ctx context.Context, o options, s suite, bounds []bound, file string, progress io.Writer) (*results, error) {
	out, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	filter := func(st step) (step, bool) { return narrowed(st, bounds) }
	err = measure(ctx, o, s, filter, out, progress)
	if err := errors.Join(err, out.Close()); err != nil {
		return nil, err
	}
	return read(file)
}

// report prints the verdicts, and is an error if one is bad.
func report(verdicts []verdict, stdout io.Writer) error {
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	broken := 0
	for _, v := range verdicts {
		if !v.ok {
			broken++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.word(), v.Name, v.setting(), v.valueText(), v.limit)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if broken > 0 {
		return fmt.Errorf("%d of %d bounds broken", broken, len(verdicts))
	}
	fmt.Fprintf(stdout, "all %d bounds hold\n", len(verdicts))
	return nil
}

func (v *verdict) word() string {
	switch {
	case !v.measured:
		return "not measured"
	case v.ok:
		return "ok"
	default:
		return "BROKEN"
	}
}

// setting is where the bound applies.
func (b *bound) setting() string {
	text := b.of.CPU + " P"
	if b.of.CPU != "1" {
		text += "s"
	}
	if b.of.GOGC != "" {
		text += ", GOGC " + b.of.GOGC
	}
	return text
}

// valueText is the measured value and, for a ratio, its two figures.
func (v *verdict) valueText() string {
	if !v.measured {
		return "—"
	}
	var text strings.Builder
	text.WriteString(trimmed(v.value))
	if v.to != (id{}) {
		fmt.Fprintf(&text, " (%s / %s)", scaled(v.parts[0], v.Unit), scaled(v.parts[1], v.Unit))
	}
	if v.beside != (id{}) {
		fmt.Fprintf(&text, " (%s: %s)", v.beside.Pool, trimmed(v.other))
	}
	return text.String()
}
