package manifests

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// composed is what a service of docker-compose.yml has.
type composed struct {
	Image       string
	Command     []string
	MemLimit    string            `yaml:"mem_limit"`
	Grace       time.Duration     `yaml:"stop_grace_period"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string
}

// deployment is what our Deployments have.
type deployment struct {
	Kind string
	Spec struct {
		Template struct {
			Spec struct {
				Grace      int `yaml:"terminationGracePeriodSeconds"`
				Containers []container
			}
		}
	}
}

type container struct {
	Image     string
	Args      []string
	Env       []struct{ Name, Value string }
	Resources struct{ Requests, Limits map[string]string }
}

// read returns a service's containers, as compose and as Kubernetes run them.
func read(t *testing.T, name string) (composed, deployment) {
	t.Helper()
	var file struct{ Services map[string]composed }
	parse(t, "../../../docker-compose.yml", &file)
	var d deployment
	parse(t, deploy+"/kubernetes/base/"+name+".yaml", &d) // its first document
	if file.Services[name].Image == "" || d.Kind != "Deployment" || len(d.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("%s: %+v, %+v", name, file.Services[name], d)
	}
	return file.Services[name], d
}

// What was tried with compose is what runs here: image, memory, time to stop.
func TestDeploymentsRunWhatComposeRuns(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gateway", "otel-collector"} {
		want, d := read(t, name)
		pod := d.Spec.Template.Spec
		got := pod.Containers[0]
		if got.Image != want.Image {
			t.Errorf("%s runs %s; compose %s", name, got.Image, want.Image)
		}
		if limit := got.Resources.Limits["memory"]; strings.ToLower(limit) != want.MemLimit+"i" ||
			got.Resources.Requests["memory"] != limit {
			t.Errorf("%s has memory %v; compose %s", name, got.Resources, want.MemLimit)
		}
		if grace := time.Duration(pod.Grace) * time.Second; grace != want.Grace {
			t.Errorf("%s has %v to stop; compose gives %v", name, grace, want.Grace)
		}
		for variable := range want.Environment {
			has := slices.ContainsFunc(got.Env, func(e struct{ Name, Value string }) bool { return e.Name == variable })
			if has == (variable == "GOMEMLIMIT") {
				t.Errorf("%s: has %s: %v", name, variable, has)
			}
		}
	}
}

// Compose sets GOMEMLIMIT by hand. Here the limit is what somebody else writes into
// the manifest, so that the gateway has to follow it.
func TestTheGatewayFollowsItsMemoryLimit(t *testing.T) {
	t.Parallel()
	_, d := read(t, "gateway")
	if args := d.Spec.Template.Spec.Containers[0].Args; !slices.Contains(args, "-manage-memory-limit") {
		t.Errorf("the gateway runs with %q", args)
	}
}

func TestTheCollectorReadsTheFileThatComposeMounts(t *testing.T) {
	t.Parallel()
	want, d := read(t, "otel-collector")
	if got := d.Spec.Template.Spec.Containers[0].Args; !slices.Equal(got, want.Command) {
		t.Errorf("the collector runs with %q; with compose %q", got, want.Command)
	}
	var kustomization struct {
		Maps []struct{ Files []string } `yaml:"configMapGenerator"`
	}
	parse(t, deploy+"/otelcol/kustomization.yaml", &kustomization)
	if maps := kustomization.Maps; len(maps) != 1 || len(maps[0].Files) != 1 ||
		!slices.Contains(want.Volumes, "./deploy/otelcol/"+maps[0].Files[0]+":"+want.Command[1]+":ro") {
		t.Errorf("the ConfigMap is of %+v; compose mounts %q", maps, want.Volumes)
	}
}

// What docs/kubernetes.md has people copy is in the manifest, line by line.
func TestTheDocumentQuotesTheManifest(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(content(t, "../../../docs/kubernetes.md"), "```yaml\n")
	quoted, _, ended := strings.Cut(rest, "```")
	manifest := content(t, deploy+"/kubernetes/base/gateway.yaml")
	for line := range strings.Lines(quoted) {
		if !strings.Contains(manifest, "\n"+line) {
			t.Errorf("gateway.yaml has no line %q", line)
		}
	}
	if !ended || strings.Count(quoted, "\n") < 10 {
		t.Errorf("quoted is %q", quoted)
	}
}
