package deploy_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const rulesFile = root + "/deploy/prometheus/rules/otelpool.yml"

// alerts is the names of all, in the order of the file.
func alerts(t *testing.T) (names []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^\s+- alert: (\w+)$`).FindAllStringSubmatch(content(t, rulesFile), -1) {
		names = append(names, m[1])
	}
	if len(names) < 8 {
		t.Fatalf("%d alerts in %s: is its form another one now?", len(names), rulesFile)
	}
	return names
}

// Whoever is woken finds the chapter of the alert, and every chapter is of one.
func TestEveryAlertHasItsChapterInTheRunbook(t *testing.T) {
	t.Parallel()
	rules, runbook := content(t, rulesFile), content(t, root+"/docs/runbook.md")
	names := alerts(t)
	for _, name := range names {
		if !strings.Contains(runbook, "\n## "+name+"\n") {
			t.Errorf("docs/runbook.md has no chapter %s", name)
		}
		if !strings.Contains(rules, "docs/runbook.md#"+strings.ToLower(name)+"\n") {
			t.Errorf("no alert leads to the chapter of %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^## (Otelpool\w+)$`).FindAllStringSubmatch(runbook, -1) {
		if !strings.Contains(rules, "alert: "+m[1]+"\n") {
			t.Errorf("the runbook has a chapter %s, and there is no such alert", m[1])
		}
	}
	for _, want := range []string{"summary:", "description:", "dashboard:", "runbook_url:", "severity:"} {
		if n := strings.Count(rules, want); n < len(names) {
			t.Errorf("%d alerts, and %s %d times", len(names), want, n)
		}
	}
}

// An alert's link opens its page with the choices made: the page is there, and has
// them.
func TestLinksOfAlertsSetWhatThePageDefines(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`(?m)dashboard: "/d/([a-z-]+)\?(.*)"$`).FindAllStringSubmatch(content(t, rulesFile), -1)
	if len(links) < len(alerts(t)) {
		t.Errorf("%d links of %d alerts", len(links), len(alerts(t)))
	}
	for _, l := range links {
		page := content(t, root+"/deploy/grafana/dashboards/"+l[1]+".json")
		set := regexp.MustCompile(`var-(\w+)=`).FindAllStringSubmatch(l[2], -1)
		if len(set) < 3 {
			t.Errorf("%s sets %d choices: cluster and namespace are to be among them", l[0], len(set))
		}
		for _, v := range set {
			if !strings.Contains(page, `"name": "`+v[1]+`"`) {
				t.Errorf("%s sets %s, which the page does not define", l[0], v[1])
			}
		}
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files: %v", pattern, err)
	}
	return names
}
