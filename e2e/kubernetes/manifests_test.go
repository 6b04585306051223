package kubernetes_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/otelpool/pool/e2e/internal/built"
)

const deploy = "../../deploy/kubernetes/"

// kinds counts the objects of each directory.
var kinds = map[string]map[string]int{
	"base": {"Namespace": 1, "Deployment": 2, "Service": 2, "ConfigMap": 4},
	"prometheus-operator": {
		"Namespace": 1, "Deployment": 2, "Service": 2, "ConfigMap": 4, "ServiceMonitor": 1, "PrometheusRule": 1,
	},
}

var strictly = []string{"apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-"}

func TestAServerJudgesTheManifests(t *testing.T) {
	if testing.Short() {
		t.Skip("builds an API server, seven minutes of a core the first time: make test-kubernetes runs it")
	}
	c := startCluster(t)
	c.defineOperatorTypes(t)
	c.must(t, "", "apply", "--server-side", "-f", deploy+"base/namespace.yaml")
	c.must(t, "", "-n", "otelpool", "create", "serviceaccount", "default") // what a controller does elsewhere
	for dir, want := range kinds {
		t.Run(dir, func(t *testing.T) {
			made := c.must(t, "", "kustomize", deploy+dir)
			t.Run("takes all", func(t *testing.T) { c.takes(t, made, want) })
			t.Run("refuses misspelt fields", func(t *testing.T) { c.refusesMisspelt(t, made) })
			t.Run("admits the pods as restricted", func(t *testing.T) { c.admits(t, made) })
			t.Run("keeps it as written", func(t *testing.T) { c.keeps(t, made) })
		})
	}
}

// defineOperatorTypes makes the CRDs of prometheus-operator's own types, as it does.
func (c *cluster) defineOperatorTypes(t *testing.T) {
	t.Helper()
	gen := exec.CommandContext(t.Context(), built.ForTest(t, built.ControllerGen), "crd", "output:crd:dir="+c.dir+"/crds",
		"paths=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1")
	gen.Dir = "../apiserver"
	gen.Env = append(gen.Environ(), "GOWORK=off")
	if out, err := gen.CombinedOutput(); err != nil {
		t.Fatalf("controller-gen: %v\n%s", err, out)
	}
	for _, kind := range []string{"servicemonitors", "prometheusrules"} {
		c.must(t, "", "apply", "--server-side", "-f", filepath.Join(c.dir, "crds", "monitoring.coreos.com_"+kind+".yaml"))
		c.must(t, "", "wait", "--for=condition=Established", "--timeout=120s", "crd/"+kind+".monitoring.coreos.com")
	}
	c.eventually(t, "get", "servicemonitors,prometheusrules")
}

func (c *cluster) takes(t *testing.T, made string, want map[string]int) {
	got := map[string]int{}
	for _, o := range objects(t, made) {
		got[o["kind"].(string)]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("made are %v; want %v", got, want)
	}
	out := c.must(t, made, strictly...)
	if n := strings.Count(out, "serverside-applied (server dry run)"); n != len(objects(t, made)) || strings.Contains(out, "Warning") {
		t.Errorf("of %d objects %d are taken, or with warnings:\n%s", len(objects(t, made)), n, out)
	}
	t.Logf("%d objects taken", strings.Count(out, "\n"))
}

// refusesMisspelt sends each object once for each of its structures, with one field of
// that misspelt, and wants the field named.
func (c *cluster) refusesMisspelt(t *testing.T, made string) {
	fields := 0
	for _, o := range objects(t, made) {
		misspell(o, func(field string) {
			fields++
			if out, err := c.kubectl(t, text(t, o), strictly...); err == nil || !strings.Contains(out, field) {
				t.Errorf("%v with %s: %v\n%s", o["kind"], field, err, out)
			}
		})
	}
	if fields < 20 {
		t.Errorf("%d fields misspelt; want one of each structure", fields)
	}
	t.Logf("%d misspelt fields named", fields)
}

// free has the fields whose keys are anybody's.
var free = []string{"labels", "annotations", "matchLabels", "selector", "data", "limits", "requests"}

// misspell renames one field at a time, one in each structure, while it calls try.
func misspell(o map[string]any, try func(field string)) {
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains(free, key) {
			continue
		}
		for _, inner := range structures(o[key]) {
			misspell(inner, try)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains([]string{"apiVersion", "kind", "metadata", "name"}, key) {
			continue // without these the server cannot tell what it is
		}
		value, wrong := o[key], key+"Spelt"
		delete(o, key)
		o[wrong] = value
		try(wrong)
		delete(o, wrong)
		o[key] = value
		return
	}
}

func structures(v any) (all []map[string]any) {
	switch v := v.(type) {
	case map[string]any:
		all = append(all, v)
	case []any:
		for _, e := range v {
			if m, ok := e.(map[string]any); ok {
				all = append(all, m)
			}
		}
	}
	return all
}

// admits asks for the Deployments' pods. The namespace takes hardened ones alone: with
// one line of it gone the same pod is refused.
func (c *cluster) admits(t *testing.T, made string) {
	pods := 0
	for _, o := range objects(t, made) {
		if o["kind"] != "Deployment" {
			continue
		}
		pods++
		pod := o["spec"].(map[string]any)["template"].(map[string]any)
		pod["apiVersion"], pod["kind"] = "v1", "Pod"
		meta := pod["metadata"].(map[string]any)
		meta["name"], meta["namespace"] = "tried", "otelpool"
		c.must(t, text(t, pod), strictly...)
		delete(pod["spec"].(map[string]any), "securityContext")
		if out, err := c.kubectl(t, text(t, pod), strictly...); err == nil || !strings.Contains(out, "runAsNonRoot") {
			t.Errorf("a pod that may run as root: %v\n%s", err, out)
		}
	}
	if pods != 2 {
		t.Errorf("%d pods; want 2", pods)
	}
}

// keeps applies it for real: nothing then differs from the files.
func (c *cluster) keeps(t *testing.T, made string) {
	c.must(t, made, "apply", "--server-side", "--validate=strict", "-f", "-")
	if out, err := c.kubectl(t, made, "diff", "--server-side", "-f", "-"); err != nil {
		t.Errorf("what is stored differs: %v\n%s", err, out)
	}
}

func objects(t *testing.T, made string) (all []map[string]any) {
	t.Helper()
	for d := yaml.NewDecoder(strings.NewReader(made)); ; {
		var o map[string]any
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
}

func text(t *testing.T, o map[string]any) string {
	t.Helper()
	var b bytes.Buffer
	if err := yaml.NewEncoder(&b).Encode(o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
