package built

// Program is one that is built here.
type Program struct {
	Name    string
	Module  string // its directory in the repository
	Package string // to build there
	Tags    string // build tags
}

// The programs. Cold builds on two idle cores take one to two minutes each, the
// gateway's and VictoriaMetrics' half of that.
var (
	Gateway   = Program{Name: "gateway", Module: "examples/otlp", Package: "."} // by Into
	Collector = Program{Name: "otelcol", Module: "e2e/otelcol", Package: "."}
	// Without its dozens of service discoveries Prometheus is built in half the time.
	Prometheus = Program{
		Name:    "prometheus",
		Module:  "e2e/prometheus",
		Package: "github.com/prometheus/prometheus/cmd/prometheus",
		Tags:    "remove_all_sd",
	}
	Promtool = Program{
		Name:    "promtool",
		Module:  "e2e/prometheus",
		Package: "github.com/prometheus/prometheus/cmd/promtool",
		Tags:    "remove_all_sd",
	}
	// Thanos casts labels to a layout that this tag chooses; without it Query panics.
	Thanos = Program{Name: "thanos", Module: "e2e/thanos", Package: "github.com/thanos-io/thanos/cmd/thanos", Tags: "slicelabels"}
	// Compose runs without Docker's own command too.
	Compose = Program{Name: "docker-compose", Module: "e2e/compose", Package: "github.com/docker/compose/v5/cmd"}
	// APIServer takes seven minutes of one core.
	APIServer = Program{Name: "kube-apiserver", Module: "e2e/apiserver", Package: "k8s.io/kubernetes/cmd/kube-apiserver"}
	// Kubectl has kustomize in it.
	Kubectl = Program{Name: "kubectl", Module: "e2e/apiserver", Package: "k8s.io/kubernetes/cmd/kubectl"}
	Etcd    = Program{Name: "etcd", Module: "e2e/apiserver", Package: "go.etcd.io/etcd/server/v3"}
	// ControllerGen makes CRDs of Go types.
	ControllerGen = Program{Name: "controller-gen", Module: "e2e/apiserver", Package: "sigs.k8s.io/controller-tools/cmd/controller-gen"}
	// VictoriaMetrics has its UI in the binary.
	VictoriaMetrics = Program{
		Name:    "victoria-metrics",
		Module:  "e2e/victoriametrics",
		Package: "github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics",
	}
)
