package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// output is the program's output, which a test reads while it runs.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// The whole of it: the gateway's figures in the store, our dashboards in its UI,
// each expression of them answered by its own query language, and nothing left.
func TestStackShowsTheGateway(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	var out, errs output
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, []string{"-free-ports"}, &out, &errs) }()
	store := awaitStore(t, &out, &errs, ended)
	if t.Failed() {
		stop()
		return
	}
	checkDashboards(t, store)
	checkLinks(t, out.String())
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d: %s", code, errs.String())
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(store, "http://")); err == nil {
		c.Close()
		t.Errorf("the store still runs")
	}
	t.Log(out.String())
}

func TestOnceEndsByItself(t *testing.T) {
	var out, errs output
	if code := run(t.Context(), []string{"-once", "-scenario", "leak"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	if !regexp.MustCompile(`The store has hits of \d+ pools: gateway`).MatchString(out.String()) {
		t.Errorf("it does not say what the store has: %s", out.String())
	}
}

func awaitStore(t *testing.T, out, errs *output, ended <-chan int) (url string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if m := regexp.MustCompile(`dashboards  (http://\S+?)/vmui`).FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
		select {
		case <-tick.C:
		case code := <-ended:
			t.Errorf("it ended with %d: %s", code, errs.String())
			return ""
		}
	}
}

func checkDashboards(t *testing.T, store string) {
	t.Helper()
	var shown struct {
		DashboardsSettings []struct {
			Title string
			Rows  []struct {
				Panels []struct {
					Title string
					Expr  []string
				}
			}
		}
	}
	if err := json.Unmarshal(get(t, store+"/vmui/custom-dashboards"), &shown); err != nil || len(shown.DashboardsSettings) != 3 {
		t.Fatalf("the UI has %d dashboards: %v", len(shown.DashboardsSettings), err)
	}
	asked := 0
	for _, d := range shown.DashboardsSettings {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for _, expr := range p.Expr {
					asked++
					query := fmt.Sprintf("%s/api/v1/query_range?step=5s&start=-1m&query=%s", store, url.QueryEscape(expr))
					if text := string(get(t, query)); !strings.Contains(text, `"status":"success"`) {
						t.Errorf("%s: %s: %s: %s", d.Title, p.Title, expr, text)
					}
				}
			}
		}
	}
	t.Logf("%d expressions answered by MetricsQL", asked)
}

// checkLinks follows the links that the program prints.
func checkLinks(t *testing.T, told string) {
	t.Helper()
	links := regexp.MustCompile(`(?m)^  (dashboards|queries|live page)\s+(http://\S+)`).FindAllStringSubmatch(told, -1)
	if len(links) != 3 {
		t.Errorf("%d links in %s", len(links), told)
	}
	for _, l := range links {
		resp, err := http.Get(l[2])
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s: %s", l[1], l[2], resp.Status)
		}
	}
}

// The UI unfolds the first row of the first page, so the scenario has to be visible
// there.
func TestEachScenarioHasItsRowFirst(t *testing.T) {
	for name, at := range look {
		s := &stack{config: &config{scenario: name}}
		dir := t.TempDir()
		if err := s.writeDashboards(dir); err != nil {
			t.Fatal(err)
		}
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 3 {
			t.Fatalf("%d files: %v", len(files), err)
		}
		text, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
		if err != nil {
			t.Fatal(err)
		}
		var page struct{ Rows []struct{ Title string } }
		if err := json.Unmarshal(text, &page); err != nil || page.Rows[0].Title != at.row {
			t.Errorf("%s: %s begins with %v; want %q: %v", name, files[0].Name(), page.Rows, at.row, err)
		}
	}
}

// Ctrl-C is how it is meant to end, and goes to all that the terminal runs, make
// among them: that is no error.
func TestCtrlCUnderMakeIsNoError(t *testing.T) {
	var out output
	cmd := exec.Command("make", "--no-print-directory", "-C", "../..", "stack", "ARGS=-free-ports")
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Skip(err) // not everybody who runs Go has make
	}
	ended := make(chan int, 1)
	go func() { _ = cmd.Wait(); ended <- cmd.ProcessState.ExitCode() }()
	if awaitStore(t, &out, &out, ended) == "" {
		return
	}
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ended
	if text := out.String(); strings.Contains(text, "Error") || !strings.Contains(text, "stopping …") {
		t.Errorf("after Ctrl-C: %s", text)
	}
	t.Log(out.String())
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestWhatGoesWrongIsOneClearLine(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:8428")
	if err != nil {
		t.Logf("8428 is in use already: %v", err) // as good
	} else {
		defer listener.Close()
	}
	for name, c := range map[string]struct {
		args  []string
		setup func(*testing.T)
		code  int
		want  string
	}{
		"flag":         {[]string{"-onec"}, nothing, 2, "stack: flag provided but not defined: -onec (-h shows the flags)\n"},
		"argument":     {[]string{"leak"}, nothing, 2, "stack: \"leak\" is no flag (-h shows the flags)\n"},
		"port in use":  {nil, nothing, 1, "stack: port 8428, for VictoriaMetrics, is in use (make stack ARGS=-free-ports takes others)"},
		"no compiler":  {[]string{"-once"}, withoutGo, 1, `exec: "go": executable file not found`},
		"no such load": {[]string{"-once", "-scenario", "nonsense"}, nothing, 1, `-scenario "nonsense"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			c.setup(t)
			var out, errs output
			if code := run(t.Context(), c.args, &out, &errs); code != c.code {
				t.Errorf("exit code %d; want %d", code, c.code)
			}
			if got := errs.String(); !strings.Contains(got, c.want) || strings.Count(got, "\n") != 1 {
				t.Errorf("it says %q; want one line with %q", got, c.want)
			}
			if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

func nothing(*testing.T) {}

func withoutGo(t *testing.T) {
	t.Setenv("PATH", "")
	t.Setenv("OTELPOOL_E2E_CACHE", t.TempDir())
}
