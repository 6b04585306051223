package manifests

import (
	"flag"
	"os"
	"reflect"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the file that is made of the rules")

const (
	deploy = "../../../deploy"
	rules  = deploy + "/prometheus/rules/otelpool.yml"
	rule   = deploy + "/kubernetes/prometheus-operator/prometheusrule.yaml"
)

// It is not parallel: with -update the others read what it has written.
func TestTheRuleIsMadeOfPrometheusRules(t *testing.T) {
	made, err := PrometheusRule(content(t, rules))
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(rule, []byte(made), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if content(t, rule) != made {
		t.Errorf("%s is not what the rules make: go test ./internal/manifests -update", rule)
	}
}

// The text is indented, not parsed and written anew: its meaning must be the same.
func TestTheRuleMeansWhatTheRulesMean(t *testing.T) {
	t.Parallel()
	var want, got map[string]any
	var object struct{ Spec map[string]any }
	parse(t, rules, &want)
	parse(t, rule, &object)
	if got = object.Spec; len(got) == 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("%s and the spec of %s differ", rules, rule)
	}
}

func TestRulesWithoutGroupsAreAnError(t *testing.T) {
	t.Parallel()
	if made, err := PrometheusRule("# no groups\n"); err == nil {
		t.Errorf("made %q", made)
	}
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(content(t, file)), into); err != nil {
		t.Fatal(file, err)
	}
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
