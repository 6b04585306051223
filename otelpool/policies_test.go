package otelpool

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The policies that Weaver applies to the registry of the conventions, as far as they
// say something of metrics and attributes: names, namespaces that are names too, names
// of one constant, briefs. They are written here anew, since Weaver cannot be had from
// the registries in use; what of a registry is no metric or attribute, ours has not.
func TestRegistryKeepsThePoliciesOfTheConventions(t *testing.T) {
	t.Parallel()
	valid := regexp.MustCompile(`^[a-z][a-z0-9]*([._][a-z0-9]+)*$`)
	var metrics, keys []string
	for _, m := range instruments {
		metrics = append(metrics, m.name)
		if m.description == "" || !strings.HasSuffix(m.description, ".") {
			t.Errorf("%s: a brief ends with a full stop: %q", m.name, m.description)
		}
	}
	for _, a := range attributes {
		keys = append(keys, a.key)
		for _, m := range a.told() {
			if !valid.MatchString(m.value) {
				t.Errorf("%s: %s is no name of a value", a.key, m.value)
			}
		}
	}
	for _, names := range [][]string{metrics, keys} {
		for _, fault := range clashes(names) {
			t.Error(fault)
		}
		for _, name := range names {
			if !valid.MatchString(name) || !strings.Contains(name, ".") {
				t.Errorf("%s is no name in a namespace", name)
			}
		}
	}
}

func TestClashesAreFound(t *testing.T) {
	t.Parallel()
	for want, names := range map[int][]string{
		0: {"a.b", "a.bc"}, 1: {"a.b", "a.b.c"}, 2: {"a.b_c", "a.b.c"}, 3: {"a.b", "a.b"},
	} {
		if got := clashes(names); len(got) != min(want, 1) {
			t.Errorf("%q: %q", names, got)
		}
	}
}

// clashes has the names that are a namespace of others, or the same constant in code.
func clashes(names []string) (faults []string) {
	for i, a := range names {
		for j, b := range names {
			if strings.HasPrefix(b, a+".") {
				faults = append(faults, a+" is the namespace of "+b)
			}
			if i < j && strings.ReplaceAll(a, ".", "_") == strings.ReplaceAll(b, ".", "_") {
				faults = append(faults, a+" and "+b+" are one constant")
			}
		}
	}
	return faults
}

// docs/semconv.md has each of our metrics and attributes in one of its tables, by its
// name, and none that is not ours.
func TestTheProposalKnowsOurNames(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/semconv.md")
	if err != nil {
		t.Fatal(err)
	}
	var told, ours []string
	for _, m := range regexp.MustCompile("`(otelpool\\.[a-z_.]+[a-z])`").FindAllStringSubmatch(string(text), -1) {
		told = append(told, m[1])
	}
	for _, m := range instruments {
		ours = append(ours, m.name)
	}
	for _, a := range attributes {
		ours = append(ours, a.key)
	}
	for _, name := range ours {
		if !slices.Contains(told, name) && !strings.HasPrefix(name, "otelpool.controller.") {
			t.Errorf("docs/semconv.md does not say what becomes of %s", name)
		}
	}
	for _, name := range told {
		if !slices.Contains(ours, name) {
			t.Errorf("docs/semconv.md has %s, which we do not have", name)
		}
	}
}
