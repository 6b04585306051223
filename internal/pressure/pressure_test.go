package main

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/cgroup"
)

// The driver runs the program that it is part of: in a test, the test's.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-lab") {
		main()
		return
	}
	os.Exit(m.Run())
}

// tiny is a service that is over in a quarter of a second.
var tiny = plan{
	Bursts: 2, BurstEvery: 20 * time.Millisecond, BurstHeld: time.Millisecond, BurstBytes: 4 * mib,
	Heap: 2 * mib, HeapTime: 50 * time.Millisecond, Rest: 100 * time.Millisecond,
	Workers: 2, Think: time.Millisecond, Garbage: 4 << 10,
}

func TestServiceLivesWithEveryPool(t *testing.T) {
	for _, name := range poolNames() {
		ctx, stop := context.WithCancel(t.Context())
		buffers, report, err := pools[name](ctx)
		if err != nil {
			t.Fatal(err)
		}
		r := tiny.live(buffers)
		report(&r)
		stop()
		if r.Requests == 0 || r.Seconds < 0.15 || r.P50 <= 0 || r.P99 < r.P50 || r.Fault != "" {
			t.Errorf("%s: %+v", name, r)
		}
		if name == adaptivePool && len(r.Runs) == 0 {
			t.Errorf("%s: the controller did not run", name)
		}
	}
}

func TestDriverTellsWhoSurvives(t *testing.T) {
	g, err := cgroup.New(64 * mib)
	if err != nil {
		t.Skipf("no control group can be made here: %v", err)
	}
	if err := g.Remove(); err != nil {
		t.Fatal(err)
	}
	d := driver{plan: tiny}
	small := setting{env: "off", heap: 2 * mib, burst: 4 * mib, group: 64 * mib}
	o, err := d.once(t.Context(), small, gcSized)
	if err != nil || o.Died != "" || o.Requests == 0 || o.Peak < 4*mib || o.Peak > 64*mib {
		t.Errorf("a service that fits: %+v, %v", o, err)
	}
	small.burst = 128 * mib
	o, err = d.once(t.Context(), small, gcSized)
	if err != nil || o.Died != "OOM-killed" || o.Peak < 60*mib {
		t.Errorf("a service that does not fit: %+v, %v", o, err)
	}
}

func TestDriverReportsALabThatFails(t *testing.T) {
	d := driver{plan: tiny}
	_, err := d.once(t.Context(), setting{env: "off"}, "no such pool")
	if err == nil || !strings.Contains(err.Error(), `no pool "no such pool"`) {
		t.Errorf("the error is %v", err)
	}
}

func TestWithoutControlGroupOneSettingIsSkippedByName(t *testing.T) {
	var said bytes.Buffer
	d := driver{noGroup: true, progress: &said}
	settings, err := d.settings()
	if err != nil || len(settings) != 1 || settings[0].group != 0 || settings[0].env != "230MiB" {
		t.Errorf("settings %+v, %v", settings, err)
	}
	if !strings.Contains(said.String(), "skipped: "+withoutLimit.name) {
		t.Errorf("said %q", said.String())
	}
}

func TestStacksKeepUpToTheirCapAndHandOutWhatTheyKeep(t *testing.T) {
	s := newStacks(2)
	bufs := [][]byte{s.Get(5000), s.Get(8192), s.Get(4097)}
	for _, b := range bufs {
		if cap(b) != 8192 {
			t.Errorf("capacity %d", cap(b))
		}
		s.Put(b)
	}
	if n := len(s.free[8192]); n != 2 {
		t.Errorf("%d kept, want 2", n)
	}
	if b := s.Get(6000); &b[0] != &bufs[1][0] || len(b) != 6000 {
		t.Error("the buffer put last comes first")
	}
	if b := s.Get(1); cap(b) != smallest {
		t.Errorf("a small request got %d bytes", cap(b))
	}
}

func TestPercentileAndMedian(t *testing.T) {
	sorted := make([]time.Duration, 200)
	for i := range sorted {
		sorted[i] = time.Duration(i + 1)
	}
	for percent, want := range map[int]time.Duration{1: 2, 50: 100, 99: 198, 100: 200} {
		if got := percentile(sorted, percent); got != want {
			t.Errorf("%d %% is %d, want %d", percent, got, want)
		}
	}
	if got := percentile(nil, 99); got != 0 {
		t.Errorf("of nothing it is %v", got)
	}
	runs := []outcome{{Peak: 7}, {Peak: 1}, {Peak: 3}, {Peak: 5}}
	if got := median(runs, func(o *outcome) int64 { return o.Peak }); got != 3 {
		t.Errorf("the median of 1, 3, 5, 7 is %d, want the lower of the middle ones", got)
	}
}

func TestWhatOtherProgramsTookIsNoGC(t *testing.T) {
	r := labResult{GCShare: 0.06, IdleShare: 0.1, Busy: 2}
	r.used(time.Second)
	if r.GCShare != 0.03 || r.IdleShare != 0.05 {
		t.Errorf("half the time was ours: %v, %v", r.GCShare, r.IdleShare)
	}
	r.used(3 * time.Second) // start and end are not the service's
	if r.GCShare != 0.03 {
		t.Errorf("more than the service used: %v", r.GCShare)
	}
}

// fine is a table of which every promise holds.
func fine() table {
	run := func(p99 time.Duration, requests int, share float64) outcome {
		return outcome{labResult: labResult{Seconds: 1, Requests: requests, P99: p99, GCShare: share}}
	}
	return table{setting: setting{name: "here"}, names: poolNames(), runs: map[string][]outcome{
		unlimited:    {{Died: "OOM-killed"}},
		capped:       {run(9*time.Millisecond, 500, 0.3)},
		gcSized:      {run(100*time.Microsecond, 1000, 0.02)},
		none:         {run(time.Millisecond, 900, 0.1)},
		adaptivePool: {run(300*time.Microsecond, 950, 0.03), run(290*time.Microsecond, 1000, 0.01)},
	}}
}

func TestVerdictNamesEveryBrokenPromise(t *testing.T) {
	for name, c := range map[string]struct {
		spoil        func(map[string][]outcome)
		broken, slow string
	}{
		"all is well":          {func(map[string][]outcome) {}, "", ""},
		"the test has no bite": {func(r map[string][]outcome) { r[unlimited][0] = outcome{labResult: labResult{GCShare: 0.2}} }, "unlimited pool survived with 20.0 %", ""},
		"it bites by GC": {func(r map[string][]outcome) {
			r[unlimited][0] = outcome{labResult: labResult{GCShare: 0.01, IdleShare: 0.2}}
		}, "", ""},
		"one death":          {func(r map[string][]outcome) { r[adaptivePool][1].Died = "OOM-killed" }, "adaptive survived 1 of 2 runs", ""},
		"all dead":           {func(r map[string][]outcome) { r[adaptivePool][0].Died, r[adaptivePool][1].Died = "a", "b" }, "adaptive survived 0 of 2 runs", ""},
		"controller stopped": {func(r map[string][]outcome) { r[adaptivePool][1].Fault = "panic" }, "the controller stopped: panic", ""},
		"too much GC":        {func(r map[string][]outcome) { r[adaptivePool][1].GCShare = 0.031 }, "", "3.1 % of the CPU in GC in its worst run"},
		"slow tail":          {func(r map[string][]outcome) { r[adaptivePool][0].P99, r[adaptivePool][1].P99 = 400e3, 301e3 }, "", "p99 is 301µs, more than 3 times the 100µs of sync.Pool"},
		"slow":               {func(r map[string][]outcome) { r[adaptivePool][0].Requests = 949 }, "", "served 949 op/s, less than 0.95 of the 1000 of sync.Pool"},
		"no pool instead":    {func(r map[string][]outcome) { r[gcSized][0].Died = "x"; r[adaptivePool][0].Requests = 800 }, "", "less than 0.95 of the 900 of none"},
		"nothing to compare": {func(r map[string][]outcome) { r[gcSized][0].Died, r[none][0].Died = "x", "x" }, "", "nothing to compare with"},
	} {
		bad := fine()
		c.spoil(bad.runs)
		broken, slow := verdict([]table{bad})
		for _, v := range []struct {
			got  error
			want string
		}{{broken, c.broken}, {slow, c.slow}} {
			if (v.got == nil) != (v.want == "") || v.got != nil && !strings.Contains(v.got.Error(), v.want) {
				t.Errorf("%s: got %v, want %q", name, v.got, v.want)
			}
		}
	}
}

func TestReferenceIsOfTheOtherSettingWhereBothDie(t *testing.T) {
	first, second := fine(), fine()
	second.name = "there"
	second.runs[gcSized][0].Died, second.runs[none][0].Died = "x", "x"
	second.runs[adaptivePool][0].P99, second.runs[adaptivePool][1].P99 = 400e3, 400e3
	broken, slow := verdict([]table{first, second})
	if broken != nil || slow == nil || !strings.Contains(slow.Error(), "there: adaptive's p99 is 400µs, more than 3 times the 100µs of sync.Pool under here") {
		t.Errorf("%v; %v", broken, slow)
	}
}

func TestTableShowsMediansOfSurvivors(t *testing.T) {
	bad := fine()
	bad.runs[capped] = append(bad.runs[capped], outcome{Died: "OOM-killed", Peak: 256 * mib})
	var out bytes.Buffer
	printTables(&out, []table{bad})
	const want = `
here
       pool  survived  GCs  GC CPU  idle GC  p50    p99  op/s  peak MiB
  unlimited       0/1    -       -        -    -      -     -         0
     cap-64       1/2    0  30.0 %    0.0 %   0s    9ms   500       256
  sync.Pool       1/1    0   2.0 %    0.0 %   0s  100µs  1000         0
       none       1/1    0  10.0 %    0.0 %   0s    1ms   900         0
   adaptive       2/2    0   1.0 %    0.0 %   0s  290µs   950         0
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestBadInputIsAnErrorThatNamesIt(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-pools", "adaptive,nope"}, `-pools: no pool "nope": use some of unlimited, cap-64, sync.Pool, none, adaptive`},
		{[]string{"-runs", "0"}, "-runs and -others of at least 1"},
		{[]string{"x"}, "takes no arguments"},
		{[]string{"-lab", "{"}, "-lab: unexpected end of JSON input"},
	} {
		err := run(t.Context(), c.args, new(bytes.Buffer), new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.args, err, c.want)
		}
	}
}
