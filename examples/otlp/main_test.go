package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/raceflag"
)

func runOnce(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, new(pool.Registry), &out, &errs)
	return code, out.String(), errs.String()
}

func TestBadCommandLinesGetOneClearLine(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	missing := filepath.Join(t.TempDir(), "missing")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-frequency", "3"}, 2, "-frequency"},
		{[]string{"-rate", "many"}, 2, `invalid value "many" for flag -rate`},
		{[]string{"-rate", "0"}, 2, "-rate 0: use more than 0"},
		{[]string{"-rate", "NaN"}, 2, "-rate NaN"},
		{[]string{"-scenario", "calm", "-duration", "-1s"}, 2,
			`-scenario "calm": use one of steady, burst, diurnal, leak, squeeze, none; -duration -1s`},
		{[]string{"-leak-every", "0"}, 2, "-leak-every 0"},
		{[]string{"-controller", "maybe"}, 2, `-controller "maybe": use on or off`},
		{[]string{"-upstream", "localhost:80"}, 2, "-upstream"},
		{[]string{"a.log"}, 2, "files are given with -input"},
		{[]string{"-input", "a.log", "b.log", "-rate", "3"}, 2, `"-rate" after the files`},
		{[]string{"-input", missing}, 1, "no such file"},
		{[]string{"-summary-json", filepath.Join(missing, "x")}, 1, "-summary-json: open"},
		{[]string{"-listen", l.Addr().String()}, 1, "-listen: listen tcp " + l.Addr().String() + ": bind: address already in use"},
		{[]string{"-listen", "nowhere"}, 1, "missing port"},
		{[]string{"-debug", l.Addr().String()}, 1, "-debug: listen tcp"},
		{[]string{"-health", "127.0.0.1:1"}, 1, "-health: "},
	} {
		code, _, stderr := runOnce(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: exit code %d, stderr %q; want %d, %q in one line", c.args, code, stderr, c.code, c.says)
		}
	}
	if code, stdout, stderr := runOnce(t, "-h"); code != 0 || stdout != usage || stderr != "" {
		t.Errorf("-h: exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestUsageNamesEveryFlag(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("flags.go")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`f\.\w+\((?:&c\.\w+, )?"([a-z-]+)"`).FindAllSubmatch(source, -1)
	if len(names) < 14 {
		t.Errorf("found %d flags", len(names))
	}
	for _, m := range names {
		if !strings.Contains(usage, "\n  -"+string(m[1])+" ") {
			t.Errorf("-%s is not in the usage text", m[1])
		}
	}
}

func TestARunShowsTheGain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "summary.json")
	code, stdout, stderr := runOnce(t, "-duration", "2500ms", "-calibrate", "500ms", "-summary-json", file)
	if code != 0 || stderr != "" {
		t.Fatalf("exit code %d, stderr %q", code, stderr)
	}
	gain := regexp.MustCompile(`without pooling \S+ \S+: ([\d.]+) % less`).FindStringSubmatch(stdout)
	if gain == nil {
		t.Fatalf("no gain in %q", stdout)
	}
	if percent, _ := strconv.ParseFloat(gain[1], 64); percent < 90 && !raceflag.On { // there each Put allocates a ghost
		t.Errorf("%s", gain[0])
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s summary
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Pools) != 5 || s.Run.Requests == 0 || s.Run.Failed > 0 || s.Without == nil {
		t.Errorf("%s", text)
	}
	for name, p := range s.Pools {
		if p.InUse == nil || *p.InUse != 0 || p.Requests["hit"] == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestFilesAreTheLoadAndEndIt(t *testing.T) {
	t.Parallel()
	code, stdout, stderr := runOnce(t, "-calibrate", "0", "-rate", "1000", "-input", "flags.go", "gateway.go")
	if code != 0 || stderr != "" || !strings.Contains(stdout, "\n2 requests in ") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout, stderr)
	}
}

func TestWithoutPoolingNothingIsPooled(t *testing.T) {
	t.Parallel()
	code, stdout, _ := runOnce(t, "-no-pool", "-duration", "300ms")
	if code != 0 || !strings.Contains(stdout, "pooling off") || strings.Contains(stdout, "gateway.proxy") {
		t.Errorf("exit code %d, stdout %q", code, stdout)
	}
}

func TestExportIsOffUnlessTheEnvironmentAsks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		environ []string
		on      bool
	}{
		{nil, false},
		{[]string{"OTEL_SERVICE_NAME=x", "OTEL_METRIC_EXPORT_INTERVAL=5000"}, false},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT="}, false},
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"}, true},
		{[]string{"OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, true},
		{[]string{"OTEL_METRICS_EXPORTER=console"}, true},
		{[]string{"OTEL_METRICS_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"}, false},
		{[]string{"OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318"}, false},
	} {
		if got := exportVariable(c.environ); (got != "") != c.on {
			t.Errorf("%q: %q", c.environ, got)
		}
	}
}
