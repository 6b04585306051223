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

func files(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("%s: no files: %v", pattern, err)
	}
	return names
}
