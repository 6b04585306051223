package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/otelpool/pool/internal/trace"
)

// recording writes the beginning of a generated trace to a file.
func recording(t *testing.T, generator int, name string) string {
	const events = 5000
	t.Helper()
	var text bytes.Buffer
	err := trace.Write(&text, trace.Generators[generator].Operations(1)[:events])
	if strings.HasSuffix(name, ".gz") {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, e := z.Write(text.Bytes())
		err = errors.Join(err, e, z.Close())
		text = packed
	}
	path := filepath.Join(t.TempDir(), name)
	if err := errors.Join(err, os.WriteFile(path, text.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return path
}

func poolsim(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return out.String(), errs.String(), code
}

func TestRecordingsAreCompared(t *testing.T) {
	t.Parallel()
	files := recording(t, 6, "calls.csv.gz") + "," + recording(t, 7, "jobs.csv")
	out, errs, code := poolsim(t, "-trace", files, "-T", "2s,10s", "-each")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		`(?m)^calls, T = 2s$`, `(?m)^jobs, T = 10s$`, `(?m)^T = 10s, 2 traces$`,
		`(?m)^ +policy +miss % +mean idle +peak idle +cost/OPT geomean +worst +on$`,
		`(?m)^ +optimum\* +[\d.]+ +[\d.]+ MB +[\d.]+ MB +1\.000 +1\.000 +(calls|jobs)$`,
		`(?m)^ +shipped +[\d.]+ `, `(?m)^ +shipped, engine +[\d.]+ `, `(?m)^ +sync\.Pool-like `, `(?m)^ +best static cap\* `,
	} {
		if !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("no line %s in\n%s", want, out)
		}
	}
}

func TestJSONHasEveryResult(t *testing.T) {
	t.Parallel()
	out, errs, code := poolsim(t, "-trace", recording(t, 7, "calls.csv"), "-json", "-engine=false")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var r report
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	s := r.Sections[0]
	if s.T != 10 || len(s.Policies) != 14 || len(s.Results) != 14 {
		t.Fatalf("T %v, %d policies, %d results", s.T, len(s.Policies), len(s.Results))
	}
	for i, res := range s.Results {
		if res.Policy != s.Policies[i] || res.Trace != "calls" || res.Gets == 0 || res.Ratio < 1 || res.Cost <= 0 {
			t.Errorf("result %+v", res)
		}
	}
}

func TestBudgetIsCompared(t *testing.T) {
	t.Parallel()
	for _, budget := range []string{"30%", "200000"} {
		out, errs, code := poolsim(t, "-trace", recording(t, 7, "calls.csv"), "-budget", budget)
		if code != 0 {
			t.Fatalf("exit code %d: %s", code, errs)
		}
		for _, want := range []string{"missed/clairvoyant", `clairvoyant\* .* 1\.000`, "full is full", "shipped, engine"} {
			if !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("-budget %s: no %s in\n%s", budget, want, out)
			}
		}
	}
}

func TestOthersAreComparedApart(t *testing.T) {
	t.Parallel()
	out, errs, code := poolsim(t, "-others", "-engine=false", "-each")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{"heavy-gaps, T = 10s", "two-scales, T = 10s", "turns, T = 10s", "T = 10s, 3 traces"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	_, errs, code = poolsim(t, "-others", "-trace", "a.csv")
	if want := "-others with -trace: want one of them"; code != 2 || !strings.Contains(errs, want) {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

func TestChartsAreDrawn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "charts")
	if _, errs, code := poolsim(t, "-trace", recording(t, 7, "a & b.csv"), "-svg", dir); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	if err != nil || len(files) != 14 { // all but the optimum, which is no pool
		t.Fatalf("%d charts, %v", len(files), err)
	}
	for _, name := range []string{"a-b-T-10s-cap-16.svg", "a-b-T-10s-shipped.svg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(text)); err == nil; {
			_, err = d.Token()
		}
		if !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
		limits := strings.Count(string(text), `stroke="#a33"`)
		if want := strings.Count(name, "cap"); limits != want {
			t.Errorf("%s: %d limits drawn, want %d", name, limits, want)
		}
	}
}

func TestMistakesAreAllTold(t *testing.T) {
	t.Parallel()
	_, errs, code := poolsim(t, "-T", "0s,x", "-classes", "geometric:1", "-budget", "-3%", "extra")
	if code != 2 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{
		`argument "extra": name recordings with -trace`, `-T "0s": want durations of 100ms or more`, `-T "x"`,
		`-classes "geometric:1": want a ratio of more than 1`, `-budget "-3%": want bytes, or a share such as 30%`,
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("no %q in\n%s", want, errs)
		}
	}
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte("time_s,op,bytes\n1,get,x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs, code = poolsim(t, "-trace", bad+",missing.csv")
	if want := bad + ": line 2: bytes is \"x\""; code != 1 || !strings.Contains(errs, want) || !strings.Contains(errs, "missing.csv") {
		t.Errorf("exit code %d, %s", code, errs)
	}
	_, errs, code = poolsim(t, "-trace", recording(t, 6, "tail.csv"), "-classes", "exact")
	if code != 1 || !strings.Contains(errs, "the engine at most 64: use -classes pow2, or -engine=false") {
		t.Errorf("exit code %d, %s", code, errs)
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		classes     string
		bytes, size int64
	}{
		{"pow2", 100, 128}, {"exact", 100, 100}, {"100,1000", 100, 100}, {"100,1000", 101, 1000}, {"1000,100", 5000, 5000},
		{"geometric:2", 1, 64}, {"geometric:2", 65, 128}, {"geometric:1.25", 65, 80},
	} {
		class, err := parseClasses(c.classes)
		if err != nil {
			t.Fatal(err)
		}
		if got := class(c.bytes); got != c.size {
			t.Errorf("%s: class of %d is %d, want %d", c.classes, c.bytes, got, c.size)
		}
	}
}
