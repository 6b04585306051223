package deploy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"

	"github.com/otelpool/pool/e2e/internal/built"
	"github.com/otelpool/pool/e2e/internal/child"
)

const root = "../.."

// mirror is the GOPROXY of a user without access to Go's own proxy.
const mirror = "https://mirror.example"

func project(t *testing.T, profiles ...string) *types.Project {
	t.Helper()
	return load(t, "docker-compose.yml", profiles...)
}

// everyService has those of both files that are shipped.
func everyService(t *testing.T) types.Services {
	t.Helper()
	all := load(t, "deploy/distributed/docker-compose.yml").Services
	maps.Copy(all, project(t, "*").Services)
	return all
}

func load(t *testing.T, file string, profiles ...string) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions(
		[]string{filepath.Join(root, file)},
		cli.WithProfiles(profiles),
		cli.WithEnv([]string{"GOPROXY=" + mirror}),
	)
	if err != nil {
		t.Fatal(err)
	}
	p, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestComposeHasAFleetOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	gateways := func(p *types.Project) (n int) {
		for name := range p.Services {
			if strings.HasPrefix(name, "gateway") {
				n++
			}
		}
		return n
	}
	if alone, fleet := gateways(project(t)), gateways(project(t, "fleet")); alone != 1 || fleet != 4 {
		t.Errorf("%d gateways, %d with the fleet profile; want 1, 4", alone, fleet)
	}
}

func TestComposeMountsWhatThereIs(t *testing.T) {
	t.Parallel()
	mounts := 0
	for name, s := range everyService(t) {
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			mounts++
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !v.ReadOnly {
				t.Errorf("%s: %s can be written to from the container", name, v.Source)
			}
		}
	}
	if mounts < 4 {
		t.Errorf("%d mounts: does this test still see them?", mounts)
	}
}

func TestComposeIsClosedToTheNetwork(t *testing.T) {
	t.Parallel()
	for name, s := range everyService(t) {
		for _, p := range s.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s: port %s is open on %q", name, p.Published, p.HostIP)
			}
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s is not hardened: read-only %v, without %v, %v", name, s.ReadOnly, s.CapDrop, s.SecurityOpt)
		}
		// Root owns the volumes of images that have no folder for their data, and can do nothing more.
		if s.Privileged || s.User == "root" || strings.HasPrefix(s.User, "0") && !strings.Contains(s.Image, "/thanos:") {
			t.Errorf("%s runs as root", name)
		}
	}
}

// The images run the versions that the tests run: the ones pinned by the modules
// here.
func TestComposePinsTheVersionsThatAreTested(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"otel-collector": "otel/opentelemetry-collector-contrib:" + strings.TrimPrefix(
			version(t, "otelcol", "go.opentelemetry.io/collector/otelcol"),
			"v",
		),
		"thanos-receive-0": "quay.io/thanos/thanos:" + version(t, "thanos", "github.com/thanos-io/thanos"),
		"prometheus":       "prom/prometheus:" + prometheusImage(version(t, "prometheus", "github.com/prometheus/prometheus")),
		"grafana":          "grafana/grafana:" + npmVersion(t, "@grafana/schema"),
	}
	want["otel-collector-0"] = want["otel-collector"]
	for name, s := range everyService(t) {
		if image, known := want[name]; known && s.Image != image {
			t.Errorf("%s is %s; tested is %s", name, s.Image, image)
		}
		if s.Image != "otelpool-gateway" && !regexp.MustCompile(`:v?\d+\.\d+\.\d+$`).MatchString(s.Image) {
			t.Errorf("%s: %s is not pinned", name, s.Image)
		}
	}
}

// prometheusImage is the release that a module version stands for: v0.316.0 is
// v3.16.0.
func prometheusImage(module string) string {
	m := regexp.MustCompile(`^v0\.(\d)(\d\d)\.(\d+)$`).FindStringSubmatch(module)
	if m == nil {
		return module
	}
	return "v" + m[1] + "." + strings.TrimPrefix(m[2], "0") + "." + m[3]
}

// version returns a module's version in the go.mod of a directory of e2e.
func version(t *testing.T, dir, module string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(content(t, "../"+dir+"/go.mod"))
	if m == nil {
		t.Fatalf("%s/go.mod has no %s", dir, module)
	}
	return m[1]
}

func npmVersion(t *testing.T, name string) string {
	t.Helper()
	m := regexp.MustCompile(regexp.QuoteMeta(`"`+name+`": "`) + `([\d.]+)"`).FindStringSubmatch(content(t, "../grafana/package.json"))
	if m == nil {
		t.Fatalf("package.json has no %s", name)
	}
	return m[1]
}

func content(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Several services that build one tag at a time fail with current versions of
// Docker; one that has an image alone would ask a registry for it.
func TestComposeBuildsTheImageOnce(t *testing.T) {
	t.Parallel()
	var builders []string
	for name, s := range project(t, "*").Services {
		switch {
		case s.Build != nil:
			builders = append(builders, name)
			if from := s.Build.Args["GOPROXY"]; from == nil || *from != mirror {
				t.Errorf("%s: the build is told GOPROXY %v; want that of the environment", name, from)
			}
		case strings.HasPrefix(name, "gateway"):
			if _, waits := s.DependsOn["gateway"]; s.PullPolicy != types.PullPolicyNever || !waits || s.Image != "otelpool-gateway" {
				t.Errorf("%s: image %s, pull_policy %q, waits for the one that builds: %v", name, s.Image, s.PullPolicy, waits)
			}
		}
	}
	if !slices.Equal(builders, []string{"gateway"}) {
		t.Errorf("%q build; want the gateway alone", builders)
	}
}

// The page listens where the port leads to, each gateway's at another one.
func TestComposeLetsTheLivePagesBeReached(t *testing.T) {
	t.Parallel()
	published := map[string]string{}
	for name, s := range project(t, "*").Services {
		i := slices.Index(s.Command, "-debug")
		if !strings.HasPrefix(name, "gateway") {
			continue
		}
		if i < 0 || !strings.HasPrefix(s.Command[i+1], "0.0.0.0:") {
			t.Errorf("%s: %q: on loopback nobody outside the container reaches the page", name, s.Command)
			continue
		}
		_, port, _ := strings.Cut(s.Command[i+1], ":")
		for _, p := range s.Ports {
			if strconv.Itoa(int(p.Target)) == port {
				published[p.Published] = name
			}
		}
	}
	if len(published) != 4 || published["8081"] != "gateway" {
		t.Errorf("pages at %v; want four, the gateway's at 8081", published)
	}
}

// Whatever is pressed for memory is this project's alone, and what drains and
// exports for up to 5 s each has the time.
func TestComposeBoundsMemoryAndLeavesTimeToStop(t *testing.T) {
	t.Parallel()
	for name, s := range everyService(t) {
		if s.MemLimit == 0 {
			t.Errorf("%s may take all memory", name)
		}
		if strings.HasPrefix(name, "gateway") && (s.StopGracePeriod == nil || time.Duration(*s.StopGracePeriod) < 15*time.Second) {
			t.Errorf("%s is killed after %v", name, s.StopGracePeriod)
		}
	}
}

// Health is one's own: that another is down is for alerts to say.
func TestComposeAsksNobodyForTheHealthOfOthers(t *testing.T) {
	t.Parallel()
	for name, s := range project(t, "*").Services {
		if s.HealthCheck == nil {
			continue
		}
		for other := range project(t, "*").Services {
			if strings.Contains(strings.Join(s.HealthCheck.Test, " "), "//"+other+":") {
				t.Errorf("%s is as healthy as %s: %q", name, other, s.HealthCheck.Test)
			}
		}
	}
}

// A mount over a folder that the image has files in hides them.
func TestComposeHidesNoFoldersOfGrafana(t *testing.T) {
	t.Parallel()
	for _, v := range project(t, "*").Services["grafana"].Volumes {
		if info, err := os.Stat(v.Source); err == nil && info.IsDir() && strings.HasPrefix(v.Target, "/etc/grafana/provisioning") {
			t.Errorf("%s hides the image's own folder %s: mount its files", v.Source, v.Target)
		}
	}
}

// Neither a distroless image nor the collector's has a shell.
func TestComposeAsksForHealthWithoutAShell(t *testing.T) {
	t.Parallel()
	for name, s := range project(t, "*").Services {
		shell := s.HealthCheck != nil && s.HealthCheck.Test[0] == "CMD-SHELL"
		switch {
		case strings.HasPrefix(name, "gateway") && (s.HealthCheck == nil || shell):
			t.Errorf("%s: health check %v: its image has the binary and no shell", name, s.HealthCheck)
		case name == "otel-collector" && s.HealthCheck != nil:
			t.Errorf("%s: health check %v: its image has nothing to run one with", name, s.HealthCheck.Test)
		}
		for of, d := range s.DependsOn {
			asked := project(t, "*").Services[of].HealthCheck != nil
			if d.Condition == types.ServiceConditionHealthy && !asked {
				t.Errorf("%s waits for the health of %s, which nobody asks", name, of)
			}
		}
	}
}

// The gateway takes the flags that compose gives it: with -health it reads them
// all, and then fails for there is no gateway to ask.
func TestComposeGivesTheGatewayFlagsThatItHas(t *testing.T) {
	t.Parallel()
	asked := 0
	for name, s := range project(t, "*").Services {
		if !strings.HasPrefix(name, "gateway") {
			continue
		}
		asked++
		if got := strings.Join(s.HealthCheck.Test[1:3], " "); got != "/gateway -health" {
			t.Errorf("%s: health is asked by %q", name, got)
		}
		takesFlags(t, s.Command)
	}
	if asked != 4 {
		t.Errorf("%d gateways; want 4", asked)
	}
}

func TestKubernetesGivesTheGatewayFlagsThatItHas(t *testing.T) {
	t.Parallel()
	var manifest struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct{ Args []string }
				}
			}
		}
	}
	err := yaml.Unmarshal([]byte(content(t, root+"/deploy/kubernetes/base/gateway.yaml")), &manifest)
	if containers := manifest.Spec.Template.Spec.Containers; err != nil || len(containers) != 1 || len(containers[0].Args) == 0 {
		t.Fatalf("%+v, %v", manifest, err)
	}
	takesFlags(t, manifest.Spec.Template.Spec.Containers[0].Args)
}

// takesFlags has the gateway read them.
func takesFlags(t *testing.T, flags []string) {
	t.Helper()
	args := append(slices.Clone(flags), "-health", "127.0.0.1:1")
	out, err := exec.CommandContext(t.Context(), builtGateway(t), args...).CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "refused") {
		t.Errorf("%q: %v: %s", args, err, out)
	}
}

// Whoever opens a published port reaches the page: the gateway runs as compose starts
// it, on another port, and is asked as browsers ask.
func TestTheLivePageAnswersAsComposePublishesIt(t *testing.T) {
	t.Parallel()
	for name, s := range project(t, "*").Services {
		if !strings.HasPrefix(name, "gateway") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			url := livePage(t, s.Command)
			for _, p := range s.Ports {
				for _, host := range []string{"localhost:" + p.Published, "127.0.0.1:" + p.Published} {
					req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
					if err != nil {
						t.Fatal(err)
					}
					req.Host = host
					req.Header.Set("Accept", "text/html")
					resp, err := http.DefaultClient.Do(req)
					if err != nil {
						t.Fatal(err)
					}
					text, _ := io.ReadAll(resp.Body)
					resp.Body.Close()
					if resp.StatusCode != http.StatusOK || !strings.Contains(string(text), "<html") {
						t.Errorf("for %s: %s: %.200s", host, resp.Status, text)
					}
				}
			}
		})
	}
}

// livePage starts a gateway with the command, on free ports of the same addresses,
// and returns where it says that its page is.
func livePage(t *testing.T, command []string) (url string) {
	t.Helper()
	args := slices.Clone(command)
	for i, a := range args {
		if host, _, isAddress := strings.Cut(a, ":"); isAddress {
			args[i] = host + ":0"
		}
	}
	cmd := exec.CommandContext(t.Context(), builtGateway(t), append(args, "-calibrate", "0")...)
	cmd.SysProcAttr = child.DieWithParent()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, at, told := strings.Cut(lines.Text(), "the pools, live: "); told {
			go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the process
			return at
		}
	}
	t.Fatalf("%q does not say where its page is: %v", args, lines.Err())
	return ""
}

// builtGateway is built once for all tests.
func builtGateway(t *testing.T) string {
	t.Helper()
	path, err := gatewayBinary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var gatewayBinary = sync.OnceValues(func() (string, error) {
	return built.Gateway.Into(context.Background(), binaries, nil)
})

var binaries string // a directory that is gone at the end

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "otelpool-deploy-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binaries = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
