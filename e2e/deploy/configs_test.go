package deploy_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/otelpool/pool/e2e/internal/built"
)

func TestCollectorTakesItsConfiguration(t *testing.T) {
	t.Parallel()
	collector := built.ForTest(t, built.Collector)
	for _, file := range files(t, root+"/deploy/otelcol/*.yaml") {
		if strings.HasSuffix(file, "/kustomization.yaml") {
			continue
		}
		t.Log(run(t, ".", collector, "validate", "--config", file), file)
	}
}

func TestPromtoolTakesConfigurationAndRules(t *testing.T) {
	t.Parallel()
	promtool := built.ForTest(t, built.Promtool)
	dir := root + "/deploy/prometheus"
	out := run(t, dir, promtool, "check", "config", "prometheus.yml")
	if !strings.Contains(out, "rules found") {
		t.Errorf("the configuration has no rules: %s", out)
	}
	t.Log(out, run(t, dir, promtool, "check", "rules", "--lint=all", "--lint-fatal", "rules/otelpool.yml"))
}

// Every alert is tested firing and not firing: there is a moment at which the
// tests want it, and one at which they want it not.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	dir := root + "/deploy/prometheus"
	t.Log(run(t, dir, built.ForTest(t, built.Promtool), "test", "rules", "tests/otelpool_test.yml"))
	tests := content(t, dir+"/tests/otelpool_test.yml")
	for _, alert := range alerts(t) {
		fires, silent := 0, 0
		for check := range strings.SplitSeq(tests, "- eval_time:") {
			if !strings.Contains(check, `alertname="`+alert+`"`) && !strings.Contains(check, "alertname: "+alert+"\n") {
				continue
			}
			if strings.Contains(check, "exp_samples: []") || strings.Contains(check, "exp_alerts: []") {
				silent++
			} else {
				fires++
			}
		}
		if fires == 0 || silent == 0 {
			t.Errorf("%s is tested %d times to fire and %d times not to", alert, fires, silent)
		}
	}
}

// run returns what the program printed, and fails the test if it failed.
func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %q: %v\n%s", program, args, err, out)
	}
	return string(out)
}
