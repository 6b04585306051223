package poollint_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var survey = flag.Bool("survey", false, "run poollint on the modules of cmd/poollint/survey.md; downloads and compiles them")

const surveyPage = repository + "/cmd/poollint/survey.md"

// The page has every finding, classified by who read the code, and a number of such as
// it does not name. A finding that it does not have, or has and is not found, fails.
func TestTheSurveyIsWhatIsFound(t *testing.T) {
	if !*survey {
		t.Skip("not asked for: downloads and compiles dozens of modules; make poollint-survey asks")
	}
	tool, page := buildTool(t), readFile(t, surveyPage)
	named, unnamed := make(map[string]bool), 0
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+) (\S+:\d+) \| (?:harmless|true|false) \|`).FindAllStringSubmatch(page, -1) {
		named[row[1]+" "+row[2]] = true
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+) \| (v\S+) \|`).FindAllStringSubmatch(page, -1) {
		for _, place := range places(t, tool, row[1], row[2]) {
			if !named[row[1]+" "+place] {
				unnamed++
			}
			delete(named, row[1]+" "+place)
		}
	}
	for finding := range named {
		t.Errorf("the page has %s, which is not found", finding)
	}
	counted := regexp.MustCompile(`(?m)^(\d+) more `).FindStringSubmatch(page)
	if want, err := strconv.Atoi(counted[1]); err != nil || unnamed != want {
		t.Errorf("%d findings are not on the page, which counts %d", unnamed, want)
	}
}

// places are the files and lines of what poollint finds in a module.
func places(t *testing.T, tool, module, version string) (all []string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module+"@"+version).Output()
	if err != nil {
		t.Fatalf("%s@%s: %v", module, version, err)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal(out, &downloaded); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "module") // one's own to tidy its go.mod in
	if err := os.CopyFS(dir, os.DirFS(downloaded.Dir)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), tool, "-test=false", "./...")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	report, _ := cmd.CombinedOutput() // fails where it finds something
	for line := range strings.Lines(string(report)) {
		place, ok := strings.CutPrefix(line, dir+"/")
		parts := strings.SplitN(place, ":", 3)
		if !ok || len(parts) < 3 {
			t.Errorf("%s@%s: %s", module, version, line)
			continue
		}
		all = append(all, parts[0]+":"+parts[1])
	}
	t.Logf("%s@%s: %d", module, version, len(all))
	slices.Sort(all)
	return all
}
