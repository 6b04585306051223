package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/otelpool/pool/lab/internal/others"
)

// tests are a program's, in both copies.
type tests struct {
	Theirs, Ours counts
	Differ       []string // name: what it does in theirs, and in ours
	Flaky        []string // failed, and passed when run again alone
}

// counts has subtests too.
type counts struct{ Passed, Failed, Skipped int }

func (c counts) String() string {
	text := fmt.Sprintf("%d pass", c.Passed)
	if c.Failed > 0 {
		text += fmt.Sprintf(", %d fail", c.Failed)
	}
	if c.Skipped > 0 {
		text += fmt.Sprintf(", %d are skipped", c.Skipped)
	}
	return text
}

func (t tests) verdict() error {
	if len(t.Differ) == 0 {
		return nil
	}
	return fmt.Errorf("%d tests differ:\n%s", len(t.Differ), strings.Join(t.Differ, "\n"))
}

// runTests runs the module's tests in both copies, and those that fail again: some of
// them depend on the machine's speed.
func (r *runner) runTests(ctx context.Context) error {
	var both [2]map[string]string
	for i, c := range r.copies {
		r.say("%s: testing", c.name)
		results, err := r.test(ctx, c)
		if err != nil {
			return err
		}
		if len(results.Passed) == 0 {
			return fmt.Errorf("%s: no test passed: %w\n%s", c.name, results.Err, results.Output)
		}
		if both[i], err = r.again(ctx, c, results); err != nil {
			return err
		}
	}
	r.found.Tests.compare(both[0], both[1])
	t := r.found.Tests
	r.say("tests: theirs %s; ours %s; %d differ", t.Theirs, t.Ours, len(t.Differ))
	return nil
}

func (r *runner) skips() string {
	names := slices.Sorted(maps.Keys(r.program.skip))
	if len(names) == 0 {
		return ""
	}
	return "^(" + strings.Join(names, "|") + ")$"
}

// test runs the packages of which all tests run, and then the others, each alone.
func (r *runner) test(ctx context.Context, c codeCopy) (others.Results, error) {
	args := slices.Concat([]string{"-timeout=15m", "-count=1", "-skip=" + r.skips()}, c.flags())
	var whole []string
	for _, dir := range r.program.tests {
		if r.program.parts[dir] == "" {
			whole = append(whole, "./"+dir)
		}
	}
	all, err := others.Test(ctx, c.dir, r.env, append(args, whole...)...)
	for dir, pattern := range r.program.parts {
		if err != nil {
			break
		}
		var part others.Results
		part, err = others.Test(ctx, c.dir, r.env, append(slices.Clip(args), "-run="+pattern, "./"+dir)...)
		all.Add(part)
	}
	return all, err
}

const attempts = 3

// again is the outcomes, after up to three more attempts of the tests that failed.
func (r *runner) again(ctx context.Context, c codeCopy, first others.Results) (map[string]string, error) {
	outcomes := first.Outcomes
	for range attempts {
		failed := topLevel(outcomes)
		if len(failed) == 0 {
			break
		}
		for pkg, names := range failed {
			r.say("%s: again, because they failed: %s in %s", c.name, strings.Join(names, " "), pkg)
			args := append([]string{"-timeout=10m", "-count=1", "-run=^(" + strings.Join(names, "|") + ")$"}, c.flags()...)
			results, err := others.Test(ctx, c.dir, r.env, append(args, pkg)...)
			if err != nil {
				return nil, err
			}
			for name, outcome := range results.Outcomes {
				if outcomes[name] == "fail" && outcome == "pass" && !strings.HasSuffix(name, ".") {
					r.found.Tests.Flaky = append(r.found.Tests.Flaky, c.name+": "+name)
				}
				if !strings.HasSuffix(name, ".") {
					outcomes[name] = outcome
				}
			}
		}
	}
	return outcomes, nil
}

// topLevel are the tests that failed, by package; their subtests run with them.
func topLevel(outcomes map[string]string) map[string][]string {
	failed := make(map[string][]string)
	for name, outcome := range outcomes {
		if m := testName.FindStringSubmatch(name); outcome == "fail" && m != nil {
			failed[m[1]] = append(failed[m[1]], m[2])
		}
	}
	for pkg := range failed {
		slices.Sort(failed[pkg])
	}
	return failed
}

// testName splits example.org/a.b/c.TestX; a package's own outcome has no name.
var testName = regexp.MustCompile(`^(.+)\.([^./]+)$`)

// compare leaves packages out, which fail with their tests.
func (t *tests) compare(theirs, ours map[string]string) {
	t.Theirs, t.Ours, t.Differ = count(theirs), count(ours), nil
	for _, name := range slices.Sorted(maps.Keys(union(theirs, ours))) {
		if a, b := theirs[name], ours[name]; a != b && !strings.HasSuffix(name, ".") {
			t.Differ = append(t.Differ, fmt.Sprintf("%s: %s in theirs, %s in ours", name, orMissing(a), orMissing(b)))
		}
	}
}

func union(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func orMissing(outcome string) string {
	if outcome == "" {
		return "not run"
	}
	return outcome
}

func count(outcomes map[string]string) (c counts) {
	for name, outcome := range outcomes {
		switch {
		case strings.HasSuffix(name, "."):
		case outcome == "pass":
			c.Passed++
		case outcome == "fail":
			c.Failed++
		default:
			c.Skipped++
		}
	}
	return c
}
