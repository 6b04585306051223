package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// prelude makes literals fit Grafana's types: every field may be left out, and an
// enumeration is its strings, as it is in JSON.
const prelude = `import type { Dashboard, Panel, RowPanel } from "@grafana/schema";
import type * as stat from "@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen";
import type * as table from "@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen";
import type * as heatmap from "@grafana/schema/dist/esm/raw/composable/heatmap/panelcfg/x/HeatmapPanelCfg_types.gen";
import type * as timeseries from "@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen";
import type * as timeline from "@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen";
type Literal<T> = T extends string ? ` + "`${T}`" + ` : T extends (infer U)[] ? Literal<U>[] : T extends object ? { [K in keyof T]?: Literal<T[K]> } : T;
`

// optionTypes are the types of what only panels of one kind know: their options,
// and the custom part of their fields.
var optionTypes = map[string][2]string{
	"timeseries":     {"timeseries.Options", "timeseries.FieldConfig"},
	"stat":           {"stat.Options", "{}"},
	"table":          {"table.Options", "table.FieldConfig"},
	"heatmap":        {"heatmap.Options", "heatmap.FieldConfig"},
	"state-timeline": {"timeline.Options", "timeline.FieldConfig"},
}

func TestDashboardsAreOfGrafanasTypes(t *testing.T) {
	t.Parallel()
	if out, err := typecheck(t, typed(t)); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The check would be worth nothing if anything passed.
func TestTypesFindWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"a value": {`"mode":"multi"`, `"mode":"many"`},
		"a key":   {`"lineWidth"`, `"linewidth"`},
		"a type":  {`"gridPos":{"h":4`, `"gridPos":{"h":"4"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			right := typed(t)
			wrong := strings.ReplaceAll(right, change[0], change[1])
			if wrong == right {
				t.Fatalf("no %s to change", change[0])
			}
			if _, err := typecheck(t, wrong); err == nil {
				t.Errorf("%s instead of %s passes", change[1], change[0])
			}
		})
	}
}

// typed is every dashboard as TypeScript that compiles if it is of the types.
func typed(t *testing.T) string {
	t.Helper()
	var ts strings.Builder
	ts.WriteString(prelude)
	for _, file := range files(t, root+"/deploy/grafana/dashboards/*.json") {
		var page map[string]any
		if err := json.Unmarshal([]byte(content(t, file)), &page); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		satisfies(&ts, page, "Literal<Dashboard>")
		typedPanels(t, &ts, page["panels"].([]any))
	}
	return ts.String()
}

// typedPanels also goes into rows that are folded.
func typedPanels(t *testing.T, ts *strings.Builder, panels []any) {
	t.Helper()
	for _, panel := range panels {
		p := panel.(map[string]any)
		if p["type"] == "row" {
			satisfies(ts, p, "Literal<RowPanel>")
			typedPanels(t, ts, p["panels"].([]any))
			continue
		}
		kind, known := optionTypes[p["type"].(string)]
		if !known {
			t.Errorf("%s: no types for a panel of type %s", p["title"], p["type"])
			continue
		}
		satisfies(ts, p, "Literal<Panel>")
		satisfies(ts, p["options"], "Literal<"+kind[0]+">")
		fields := p["fieldConfig"].(map[string]any)
		satisfies(ts, fields["defaults"].(map[string]any)["custom"], "Literal<"+kind[1]+">")
		for _, o := range fields["overrides"].([]any) { // which are fields of either part, by dotted names
			for _, property := range o.(map[string]any)["properties"].([]any) {
				if id, custom := strings.CutPrefix(property.(map[string]any)["id"].(string), "custom."); custom && id != "width" {
					satisfies(ts, map[string]any{id: property.(map[string]any)["value"]}, "Literal<"+kind[1]+">")
				}
			}
		}
	}
}

func satisfies(to *strings.Builder, v any, typ string) {
	text, _ := json.Marshal(v) // it was JSON before
	fmt.Fprintf(to, "(%s) satisfies %s;\n", text, typ)
}

const packages = "../grafana"

// typecheck compiles a file beside the packages. It is skipped where there is no
// node: not every machine that runs Go has it.
func typecheck(t *testing.T, ts string) (out []byte, err error) {
	t.Helper()
	if err := installed(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err) // .ci/run has installed what it takes
		}
		t.Skip(err)
	}
	dir, err := os.MkdirTemp(packages, "check-") //nolint:usetesting // node looks for packages in the directories above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.WriteFile(filepath.Join(dir, "pages.ts"), []byte(ts), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join("node_modules", "typescript", "bin", "tsc"),
		"--noEmit", "--strict", "--skipLibCheck", "--target", "esnext", "--module", "esnext", "--moduleResolution", "bundler",
		filepath.Join(filepath.Base(dir), "pages.ts"))
	cmd.Dir = packages
	return cmd.CombinedOutput()
}

// installed installs what package-lock.json pins, unless it is there already.
var installed = sync.OnceValue(func() error {
	wanted, err := os.Stat(filepath.Join(packages, "package-lock.json"))
	if err != nil {
		return err
	}
	if have, err := os.Stat(filepath.Join(packages, "node_modules", ".package-lock.json")); err == nil &&
		!have.ModTime().Before(wanted.ModTime()) {
		return nil
	}
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = packages
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("the types of Grafana's schema take node and npm: npm ci: %w\n%s", err, out)
	}
	return nil
})
