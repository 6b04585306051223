package poolprof_test

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/pprof/profile"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolprof"
	"github.com/otelpool/pool/strategies"
)

type node [64]int

//go:noinline
func holdHeaders(p *strategies.SizeClasses) [][]byte {
	return [][]byte{p.Get(1000), p.Get(1000), p.Get(1000)}
}

//go:noinline
func holdBody(p *strategies.SizeClasses) []byte { return p.Get(60_000) }

//go:noinline
func holdNode(p *strategies.Bounded[node]) *node { return p.Get() }

// holders opens pools whose every buffer is known, and keeps some of them.
func holders(t *testing.T, safety strategies.Safety) *pool.Registry {
	t.Helper()
	r := new(pool.Registry)
	buffers := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "buffers", Registry: r, Safety: safety}))
	nodes := strategies.Must(
		strategies.NewBounded(
			strategies.BoundedConfig[node]{Name: "nodes", Registry: r, Safety: safety, New: func() *node { return new(node) }},
		),
	)
	headers, body, x := holdHeaders(buffers), holdBody(buffers), holdNode(nodes)
	buffers.Put(buffers.Get(5000)) // nobody holds it
	t.Cleanup(func() {
		for _, b := range headers {
			buffers.Put(b)
		}
		buffers.Put(body)
		nodes.Put(x)
		buffers.Close()
		nodes.Close()
	})
	return r
}

func parse(t *testing.T, r *pool.Registry) *profile.Profile {
	t.Helper()
	var out bytes.Buffer
	if err := poolprof.Write(&out, poolprof.WithRegistry(r)); err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.CheckValid(); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatIsHeldIsInTheProfileByStack(t *testing.T) {
	p := parse(t, holders(t, strategies.SafetyStrict))
	objects, size := map[string]int64{}, map[string]int64{}
	for _, s := range p.Sample {
		frame := s.Location[0].Line[0]
		function := frame.Function.Name[strings.LastIndex(frame.Function.Name, ".")+1:]
		key := s.Label["pool"][0] + " " + function
		objects[key] += s.Value[0]
		size[key] += s.Value[1]
		if filepath.Base(frame.Function.Filename) != "profile_test.go" || frame.Line == 0 {
			t.Errorf("%s is at %s:%d", function, frame.Function.Filename, frame.Line)
		}
	}
	for key, want := range map[string]struct{ objects, atLeast int64 }{
		"buffers holdHeaders": {3, 3 * 1024}, "buffers holdBody": {1, 64 << 10}, "nodes holdNode": {1, 512},
	} {
		if objects[key] != want.objects || size[key] < want.atLeast || size[key] > want.atLeast*5/4 {
			t.Errorf(
				"%s: %d objects, %d bytes; want %d, at least %d and not much more",
				key,
				objects[key],
				size[key],
				want.objects,
				want.atLeast,
			)
		}
	}
	if len(objects) != 3 {
		t.Errorf("held by %v, want three", objects)
	}
}

func TestAProfileOfNothingIsValid(t *testing.T) {
	if p := parse(t, holders(t, strategies.SafetyOff)); len(p.Sample) != 0 {
		t.Errorf("%d samples of pools that look at nothing", len(p.Sample))
	}
	parse(t, new(pool.Registry))
}

func TestGoToolPprofReadsTheHandler(t *testing.T) {
	server := httptest.NewServer(poolprof.Handler(poolprof.WithRegistry(holders(t, strategies.SafetyStrict))))
	defer server.Close()
	for _, c := range []struct{ args, unit, flat string }{
		{"-top", "Type: bytes", `^\s*64\.\d+kB .*holdBody$`},
		{"-top -sample_index=objects", "Type: objects", `^\s*3 .*holdHeaders$`},
		{"-top -tagfocus=pool=nodes", "Type: bytes", `^\s*0?\.?5\d*(kB|B) .*holdNode$`},
		{"-list=holdBody", "ROUTINE", `p\.Get\(60_000\)`},
	} {
		args := append(strings.Fields("tool pprof -symbolize=none "+c.args), server.URL)
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Env = append(cmd.Environ(), "PPROF_TMPDIR="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), c.unit) || !regexp.MustCompile("(?m)"+c.flat).Match(out) {
			t.Errorf("go tool pprof %s: %v; want %q and %q in\n%s", c.args, err, c.unit, c.flat, out)
		}
	}
}

func TestHandlerAnswersTextAndRefusesWrites(t *testing.T) {
	h := poolprof.Handler(poolprof.WithRegistry(holders(t, strategies.SafetyStrict)))
	answer := func(method, url string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, url, nil))
		return w
	}
	if w := answer(http.MethodGet, "/?debug=1"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "holdHeaders") ||
		!strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		t.Errorf("text: %d, %v\n%s", w.Code, w.Header(), w.Body)
	}
	if w := answer(http.MethodPost, "/"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

// TestSecondsIsADifference holds more, and gives back, between the two looks that a
// request takes.
func TestSecondsIsADifference(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := new(pool.Registry)
		p := strategies.Must(
			strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "buffers", Registry: r, Safety: strategies.SafetyStrict}),
		)
		defer p.Close()
		before, stays := holdHeaders(p), p.Get(100)
		var body []byte
		go func() {
			time.Sleep(time.Second)
			body = holdBody(p)
			for _, b := range before {
				p.Put(b)
			}
		}()
		start := time.Now()
		w := httptest.NewRecorder()
		poolprof.Handler(poolprof.WithRegistry(r)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?seconds=2", nil))
		got, err := profile.Parse(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		objects := map[string]int64{}
		for _, s := range got.Sample {
			name := s.Location[0].Line[0].Function.Name
			objects[name[strings.LastIndex(name, ".")+1:]] += s.Value[0]
		}
		if want := map[string]int64{"holdHeaders": -3, "holdBody": 1}; !maps.Equal(objects, want) {
			t.Errorf("difference %v, want %v", objects, want)
		}
		if took := time.Since(start); took != 2*time.Second || got.DurationNanos != int64(took) {
			t.Errorf("took %v, profile of %v; want 2s", took, time.Duration(got.DurationNanos))
		}
		p.Put(body)
		p.Put(stays)
	})
}

func TestSecondsThatCannotBeAreRefusedWithAReason(t *testing.T) {
	h := poolprof.Handler(poolprof.WithRegistry(new(pool.Registry)))
	ask := func(query string, ctx context.Context) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/?"+query, nil))
		return w
	}
	timed := context.WithValue(t.Context(), http.ServerContextKey, &http.Server{WriteTimeout: 5 * time.Second})
	for query, want := range map[string]string{
		"seconds=x": `"x"`, "seconds=-1": "above 0", "seconds=0": "above 0", "seconds=99999999999999999999": "whole number",
		"seconds=2&debug=1": "debug", "seconds=5": "WriteTimeout is 5s",
	} {
		if w := ask(query, timed); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d %q, want 400 with %q", query, w.Code, w.Body, want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if w := ask("seconds=1000", gone); w.Body.Len() > 0 { // or it would take that long
		t.Error("one that is gone is answered")
	}
}

func TestTextQuotesNames(t *testing.T) {
	r := new(pool.Registry)
	p := strategies.Must(
		strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "x\x1b[31m\n", Registry: r, Safety: strategies.SafetyStrict}),
	)
	defer p.Close()
	defer p.Put(p.Get(100))
	w := httptest.NewRecorder()
	poolprof.Handler(poolprof.WithRegistry(r)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?debug=1", nil))
	if text := w.Body.String(); strings.Contains(text, "\x1b") || !strings.Contains(text, `"x\x1b[31m\n"`) {
		t.Errorf("not quoted: %q", text)
	}
}

// sampler has one sample, whose stack it overwrites once it was looked at.
type sampler struct {
	pool.Source
	stack pool.Stack
}

func (s sampler) Samples(yield func(control.Sample) bool) {
	yield(control.Sample{Get: s.stack, Size: 1, Weight: 1})
	clear(s.stack)
}

func TestStacksAreNotKeptBeyondTheirTime(t *testing.T) {
	r := new(pool.Registry)
	p := strategies.Must(strategies.NewSync(strategies.SyncConfig[node]{}))
	stack := make(pool.Stack, 10)
	stack = stack[:runtime.Callers(1, stack)]
	pub, err := r.Publish("sampler", sampler{p, stack}, pool.Reject)
	if err != nil {
		t.Fatal(err)
	}
	defer pub.Close()
	got := parse(t, r)
	if name := got.Sample[0].Location[0].Line[0].Function.Name; !strings.HasSuffix(name, "TestStacksAreNotKeptBeyondTheirTime") {
		t.Errorf("held by %q", name)
	}
}

// A sampled pool's profile is an estimate that comes out right on average.
func TestASampledProfileIsScaled(t *testing.T) {
	const pools, each = 20, 5000
	var total int64
	for i := range pools {
		r := new(pool.Registry)
		p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: strconv.Itoa(i), Registry: r}))
		held := make([][]byte, each)
		for i := range held {
			held[i] = p.Get(100)
		}
		for _, s := range parse(t, r).Sample {
			total += s.Value[0]
		}
		for _, b := range held {
			p.Put(b)
		}
		p.Close()
	}
	if share := float64(total) / (pools * each); share < 0.7 || share > 1.3 {
		t.Errorf("%d objects in the profiles, %d were held", total, pools*each)
	}
}

func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle("/debug/pprof/otelpool", poolprof.Handler())
}

// hangs is a pool that does not tell its samples before the channel is closed.
type hangs chan struct{}

func (hangs) Stats(into *pool.Stats)              { into.Reset() }
func (h hangs) Samples(func(control.Sample) bool) { <-h }

func TestAPoolThatHangsIsNamedAndTheOthersAreInTheProfile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, h := new(pool.Registry), make(hangs)
		defer close(h)
		if _, err := r.Publish("hangs", h, pool.Reject); err != nil {
			t.Fatal(err)
		}
		p := strategies.Must(
			strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "good", Registry: r, Safety: strategies.SafetyStrict}),
		)
		defer p.Close()
		b := p.Get(1000)
		defer func() { p.Put(b) }()
		page := poolprof.Handler(poolprof.WithRegistry(r))
		for range 2 {
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?debug=1", nil))
			if body := w.Body.String(); !strings.Contains(body, `pool "hangs" has no samples here`) ||
				!strings.Contains(body, `"good"`) {
				t.Errorf("%s", body)
			}
		}
	})
}
