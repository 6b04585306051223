//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// other is a program that has never heard of us, with work for it.
type other struct {
	name    string
	program []string
	files   files  // in its working directory; ADDRESS in them and in its arguments is where it serves, STORE where others do
	ready   string // a path that answers when it does
	work    func(t *testing.T, base string, i int)
	times   int
	pools   []string // that have to have a verdict
}

var others = []other{
	{
		name:    "a web server",
		program: []string{"github.com/caddyserver/caddy/v2/cmd/caddy@v2.11.9", "run", "--config", "Caddyfile"},
		files: files{
			"Caddyfile": "{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}\n\nhttp://ADDRESS {\n\troot site\n\tencode gzip\n" +
				"\ttemplates\n\tfile_server\n}\n",
			"site/index.html": "<p>{{.Req.Method}}</p>\n" + strings.Repeat("<p>some text</p>\n", 500),
			"site/plain.txt":  strings.Repeat("some text\n", 2000),
		},
		ready: "/plain.txt",
		work: func(t *testing.T, base string, i int) {
			if page := get(t, base+"/index.html"); !strings.HasPrefix(page, "<p>GET</p>") {
				t.Errorf("the page is %.20q", page)
			}
			get(t, fmt.Sprintf("%s/plain.txt?%d", base, i))
		},
		times: 5000,
		pools: []string{"caddyhttp/encode", "caddyhttp/templates", "net/http."},
	},
	{
		name: "a database engine",
		program: []string{
			"github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@v1.136.23",
			"-storageDataPath=data", "-httpListenAddr=ADDRESS", "-loggerLevel=ERROR",
		},
		ready: "/health",
		work: func(t *testing.T, base string, i int) {
			importSamples(t, base, i)
			get(t, base+"/api/v1/query?query=sum(rate(requests_total[5m]))by(job)")
		},
		times: 2000,
		pools: []string{
			"VictoriaMetrics/lib/storage.",
			"VictoriaMetrics/lib/protoparser",
			"VictoriaMetrics/lib/writeconcurrencylimiter",
		},
	},
	{
		name: "a collector",
		program: []string{
			"github.com/VictoriaMetrics/VictoriaMetrics/app/vmagent@v1.136.23", "-remoteWrite.url=http://STORE/api/v1/write",
			"-remoteWrite.tmpDataPath=queue", "-remoteWrite.forcePromProto", "-httpListenAddr=ADDRESS", "-loggerLevel=ERROR",
		},
		ready: "/health",
		work:  importSamples,
		times: 4000,
		pools: []string{"app/vmagent/common.", "lib/protoparser", "lib/writeconcurrencylimiter"},
	},
}

// importSamples sends one sample of each of 500 series.
func importSamples(t *testing.T, base string, i int) {
	t.Helper()
	var lines strings.Builder
	for n := range 500 {
		fmt.Fprintf(&lines, "requests_total{path=\"/p%d\",job=\"j%d\"} %d\n", n, n%7, i)
	}
	post(t, base+"/api/v1/import/prometheus", "text/plain", lines.String())
}

// The programs are downloaded, built, run, asked as their users ask them, and interrupted:
// minutes for each the first time.
func TestProgramsOfOthersRunUntouched(t *testing.T) {
	onlyLongAlone(t)
	for _, o := range others {
		t.Run(o.name, func(t *testing.T) {
			report := o.run(t)
			t.Log(report)
			_, verdicts, _ := strings.Cut(report, "does pooling pay here?")
			for _, pool := range o.pools {
				verdict := regexp.MustCompile(`(?m)^.* (pays|does not pay|not known) .*` + regexp.QuoteMeta(pool) + `.*$`)
				if !verdict.MatchString(verdicts) {
					t.Errorf("no verdict on a pool of %s", pool)
				}
			}
		})
	}
}

// run returns the report of the program after its work.
func (o *other) run(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	store := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer store.Close()
	dir := t.TempDir()
	address := l.Addr().String()
	given := make(files)
	for name, text := range o.files {
		given[name] = strings.ReplaceAll(text, "ADDRESS", address)
	}
	given.write(t, dir, 0o644)
	args := []string{"run", "-advise", "-trimpath"} // or the build cache has a copy for each directory that it is built in
	for _, a := range o.program {
		args = append(args, strings.NewReplacer("ADDRESS", address, "STORE", store.Listener.Addr().String()).Replace(a))
	}
	s := poolscope(t, "", args...)
	s.Dir = dir
	s.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-s.Process.Pid, syscall.SIGKILL) })
	ended := make(chan error, 1)
	go func() { ended <- s.Wait() }()
	o.await(t, "http://"+address+o.ready, ended, s)
	o.users(t, "http://"+address)
	if err := syscall.Kill(-s.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	<-ended
	text, err := os.ReadFile(s.report)
	if err != nil || s.ProcessState.ExitCode() != 0 {
		t.Fatalf("exit code %d, %v\n%s", s.ProcessState.ExitCode(), err, s.err.String())
	}
	return string(text)
}

// await waits until the program, which is compiled before, answers.
func (o *other) await(t *testing.T, url string, ended <-chan error, s *scoped) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Minute); time.Now().Before(deadline); {
		select {
		case err := <-ended:
			t.Fatalf("ended: %v\n%s", err, s.err.String())
		case <-time.After(100 * time.Millisecond):
		}
		if response, err := http.Get(url); err == nil {
			response.Body.Close()
			return
		}
	}
	t.Fatal("it does not answer")
}

// users are four, who ask one thing after the other.
func (o *other) users(t *testing.T, base string) {
	t.Helper()
	var all sync.WaitGroup
	for user := range 4 {
		all.Go(func() {
			for i := range o.times / 4 {
				o.work(t, base, user*o.times+i)
			}
		})
	}
	all.Wait()
}

func post(t *testing.T, url, kind, body string) {
	t.Helper()
	response, err := http.Post(url, kind, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	var answer bytes.Buffer
	if _, err := io.Copy(&answer, response.Body); err != nil || response.StatusCode >= 300 {
		t.Error(errors.Join(err, fmt.Errorf("%s: %s", response.Status, answer.String())))
	}
}
