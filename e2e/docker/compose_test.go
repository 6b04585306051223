//go:build linux

package docker_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// services is all of docker-compose.yml but Grafana, by what asks for their health.
var services = map[string]bool{
	"gateway": true, "gateway-burst": true, "gateway-squeeze": true, "gateway-leak": true, "prometheus": true, "otel-collector": false,
}

// The steps are in the order of somebody's day with the file: each needs what those
// before it have left.
func TestComposeAsShipped(t *testing.T) {
	if missing != "" {
		if os.Getenv("CI") != "" && !testing.Short() {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	e := startEngine(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *engine)
	}{
		{"images", makeImages},
		{"up", up},
		{"what runs is hardened", hardened},
		{"Prometheus scrapes all", scraped},
		{"every job reports its pools and control group", reported},
		{"the live pages are where the file says", livePages},
		{"docker update moves the budget", budgetMoves},
		{"the squeeze alerts", squeezeAlerts},
		{"stop ends all well", stopped},
		{"a second up", up},
		{"data is still there", kept},
		{"down leaves nothing", nothingLeft},
	} {
		start := time.Now()
		if !t.Run(step.name, func(t *testing.T) { step.run(t, e) }) {
			e.tell(t)
			t.FailNow()
		}
		t.Logf("%s: %.1f s", step.name, time.Since(start).Seconds())
	}
}

// tell shows what the services said before it went wrong.
func (e *engine) tell(t *testing.T) {
	t.Log(e.compose(t, "ps", "--all"))
	t.Log(e.compose(t, "logs", "--tail", "15"))
}

func makeImages(t *testing.T, e *engine) {
	for tag, image := range images(t) {
		image.make(t, e, tag)
	}
	e.compose(t, "build")
	t.Logf("the gateway's image has %s bytes", e.docker(t, "image", "inspect", "otelpool-gateway", "--format", "{{.Size}}"))
}

// up is the bound of the issue: a minute from nothing to healthy, the images being there.
func up(t *testing.T, e *engine) {
	start := time.Now()
	e.compose(t, append([]string{"up", "--detach", "--wait", "--wait-timeout", "120"}, names()...)...)
	if took := time.Since(start); took > time.Minute {
		t.Errorf("healthy after %v; at most a minute", took)
	}
	for name, asked := range services {
		if c := e.inspect(t, name); c.State.Status != "running" ||
			asked && (c.State.Health == nil || c.State.Health.Status != "healthy") {
			t.Errorf("%s is %+v", name, c.State)
		}
	}
}

func names() (all []string) {
	for name := range services {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// container is what we need of docker inspect.
type container struct {
	State struct {
		Status   string
		Pid      int
		ExitCode int
		Health   *struct{ Status string }
	}
	HostConfig struct {
		ReadonlyRootfs bool
		Memory         int64
		Privileged     bool
	}
	NetworkSettings struct {
		Ports map[string][]struct{ HostIP string }
	}
}

func (e *engine) inspect(t *testing.T, service string) (c container) {
	t.Helper()
	id := e.compose(t, "ps", "--all", "--quiet", service)
	if err := json.Unmarshal([]byte(e.docker(t, "container", "inspect", id, "--format", "{{json .}}")), &c); err != nil {
		t.Fatal(service, err)
	}
	return c
}

// What the kernel says of the process is what holds, whatever the file asks for.
func hardened(t *testing.T, e *engine) {
	for _, name := range names() {
		c := e.inspect(t, name)
		if h := c.HostConfig; !h.ReadonlyRootfs || h.Memory == 0 || h.Privileged {
			t.Errorf("%s: %+v; want a read-only root, a limit of memory and no privilege", name, h)
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.State.Pid))
		if err != nil {
			t.Fatal(name, err)
		}
		for _, line := range []string{`Uid:\t[1-9]`, `CapEff:\t0+\n`, `CapPrm:\t0+\n`, `NoNewPrivs:\t1\n`, `Seccomp:\t2\n`} {
			if !regexp.MustCompile(line).Match(status) {
				t.Errorf("%s: the process has no %q:\n%s", name, line, status)
			}
		}
		for port, bindings := range c.NetworkSettings.Ports {
			for _, b := range bindings {
				if b.HostIP != "127.0.0.1" {
					t.Errorf("%s: %s is open on %s", name, port, b.HostIP)
				}
			}
		}
	}
}

// scraped waits until each job of prometheus.yml was asked and answers.
func scraped(t *testing.T, _ *engine) {
	eventually(t, 2*time.Minute, func() error {
		got := query(t, "up")
		for _, job := range []string{"otelpool", "otel-collector", "prometheus"} {
			if v, there := got[`job="`+job+`"`]; !there || v != "1" {
				return fmt.Errorf("%s is not up: %v", job, got)
			}
		}
		return nil
	})
}

func reported(t *testing.T, _ *engine) {
	for _, expr := range []string{
		"sum by (job) (rate(otelpool_requests_total[1m])) > 0",
		`sum by (job) (otelpool_controller_signal_age_seconds{otelpool_controller_signal="cgroup"}) < 60`,
	} {
		eventually(t, 2*time.Minute, func() error {
			got := query(t, expr)
			for name := range services {
				if _, there := got[`job="`+name+`"`]; !there && strings.HasPrefix(name, "gateway") {
					return fmt.Errorf("%s has no %s: %v", name, expr, got)
				}
			}
			return nil
		})
	}
}

func livePages(t *testing.T, _ *engine) {
	for port := 8081; port <= 8084; port++ {
		for accept, want := range map[string]string{"text/html": "<html", "application/json": `"pools"`} {
			if body := get(t, fmt.Sprintf("http://127.0.0.1:%d/debug/pools/", port), accept); !strings.Contains(body, want) {
				t.Errorf("port %d: no %s in %.200s", port, want, body)
			}
		}
	}
}

// budgetMoves takes memory from a container that runs, and gives it back. The engine refuses a
// limit below what is used, which is up to 50 MB.
func budgetMoves(t *testing.T, e *engine) {
	id := e.compose(t, "ps", "--quiet", "gateway")
	before := budget(t)
	e.docker(t, "update", "--memory", "80m", "--memory-swap", "80m", id)
	eventually(t, time.Minute, func() error {
		if now := budget(t); now >= before/2 {
			return fmt.Errorf("with 80 MiB the budget is %d, before %d", now, before)
		}
		return nil
	})
	t.Logf("budget %d with 256 MiB, %d with 80", before, budget(t))
	e.docker(t, "update", "--memory", "256m", "--memory-swap", "512m", id)
}

func budget(t *testing.T) int64 {
	t.Helper()
	var page struct{ Controller struct{ Limit int64 } }
	if err := json.Unmarshal([]byte(get(t, "http://127.0.0.1:8081/debug/pools/", "application/json")), &page); err != nil ||
		page.Controller.Limit <= 0 {
		t.Fatalf("no budget on the live page: %v", err)
	}
	return page.Controller.Limit
}

// squeezeAlerts is, in short, what the alert waits 5 minutes for: it has been pending
// for one without a break. With -fires it is all of it.
func squeezeAlerts(t *testing.T, _ *engine) {
	within, want, long := 5*time.Minute, "pending", time.Minute
	if *fires {
		within, want, long = 15*time.Minute, "firing", 0
	}
	eventually(t, within, func() error {
		var answer struct {
			Data struct {
				Alerts []struct {
					Labels   map[string]string
					State    string
					ActiveAt time.Time
				}
			}
		}
		text := get(t, "http://127.0.0.1:9090/api/v1/alerts", "application/json")
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			return err
		}
		for _, a := range answer.Data.Alerts {
			if a.Labels["alertname"] == "OtelpoolPressureHigh" && a.Labels["job"] == "gateway-squeeze" &&
				(a.State == want || a.State == "firing") &&
				time.Since(a.ActiveAt) >= long {
				t.Logf("%s since %v", a.State, a.ActiveAt)
				return nil
			}
		}
		return fmt.Errorf("no OtelpoolPressureHigh %s for %v: %s", want, long, text)
	})
}

func stopped(t *testing.T, e *engine) {
	e.compose(t, "stop")
	for _, name := range names() {
		if c := e.inspect(t, name); c.State.Status != "exited" || c.State.ExitCode != 0 {
			t.Errorf("%s: %+v; want that it exited with 0", name, c.State)
		}
		if log := e.compose(t, "logs", "--no-log-prefix", "--tail", "60", name); strings.HasPrefix(name, "gateway") &&
			!strings.Contains(log, " requests in ") {
			t.Errorf("%s ends without a summary:\n%s", name, log)
		}
	}
}

// kept is that Prometheus has what it scraped before the stop.
func kept(t *testing.T, _ *engine) {
	if got := query(t, `count_over_time(up{job="prometheus"}[1h] offset 30s)`); len(got) != 1 {
		t.Errorf("of the time before the stop there is %v", got)
	}
}

func nothingLeft(t *testing.T, e *engine) {
	e.compose(t, "down", "--volumes")
	for what, args := range map[string][]string{
		"containers": {"ps", "--all", "--quiet"}, "volumes": {"volume", "ls", "--quiet"},
		"networks": {"network", "ls", "--quiet", "--filter", "type=custom"},
	} {
		if left := e.docker(t, args...); left != "" {
			t.Errorf("%s are left: %s", what, left)
		}
	}
}

// query returns the values of an instant query, by their job.
func query(t *testing.T, expr string) map[string]string {
	t.Helper()
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	text := get(t, "http://127.0.0.1:9090/api/v1/query?query="+url.QueryEscape(expr), "application/json")
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%s: %v: %s", expr, err, text)
	}
	got := map[string]string{}
	for _, r := range answer.Data.Result {
		got[fmt.Sprintf("job=%q", r.Metric["job"])] = fmt.Sprint(r.Value[1])
	}
	return got
}

func get(t *testing.T, address, accept string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %v: %.300s", address, resp.Status, err, body)
	}
	return string(body)
}

// eventually asks once a second until there is nothing to complain of.
func eventually(t *testing.T, within time.Duration, check func() error) {
	t.Helper()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for deadline := time.Now().Add(within); ; <-tick.C {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %v", within, err)
		}
	}
}
