package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool/control"
)

// fine is a row of which every promise holds.
func fine(c claims) *row {
	run := func(p99 time.Duration, requests int) outcome {
		return outcome{labResult: labResult{Seconds: 1, Requests: requests, P99: p99, GCShare: 0.02, Gets: 100, Misses: 5}}
	}
	return &row{
		scenario: &scenario{name: "here", memLimit: "1MiB", plan: plan{Lasts: time.Minute}, neighbour: new(neighbour), claims: c},
		setting:  "off",
		runs: map[string][]outcome{
			unlimited: {run(100*time.Microsecond, 1000), {Neighbour: killed}, run(90*time.Microsecond, 990)},
			gcSized:   {run(110*time.Microsecond, 900), run(120*time.Microsecond, 1000), {Died: killed}},
			none:      {run(time.Millisecond, 2000)},
			ours:      {run(108*time.Microsecond, 950), run(107*time.Microsecond, 1000), run(200*time.Microsecond, 1000)},
		},
	}
}

// spoilt is one thing that breaks a row.
type spoilt struct {
	name     string
	claims   claims
	spoil    func(r map[string][]outcome)
	want     string // part of the only finding; "" for none
	doubtful bool
}

var spoils = []spoilt{
	{"all is well", claims{}, func(map[string][]outcome) {}, "", false},
	{"one dead as elsewhere", claims{}, func(r map[string][]outcome) { r[ours][2].Neighbour = killed }, "", false},
	{"two dead", claims{}, func(r map[string][]outcome) {
		r[gcSized][2].Died = ""
		r[unlimited][1].Neighbour = ""
		r[unlimited] = append(r[unlimited][:2], outcome{Neighbour: killed})
		r[gcSized] = append(r[gcSized][:2], outcome{Neighbour: killed})
		r[ours][1].Neighbour, r[ours][2].Neighbour = killed, killed
	}, "both survive in 1 of 3 runs of ours, and 2 of 3 of unlimited", true},
	{"the service dies and not the neighbour", claims{}, func(r map[string][]outcome) { delete(r, gcSized); r[ours][1].Died = killed },
		"the service survives in 2 of 3 runs of ours, and 3 of 3 of unlimited", true},
	{"many dead", claims{}, func(r map[string][]outcome) {
		delete(r, gcSized)
		r[unlimited][1].Neighbour = ""
		r[ours][1].Neighbour, r[ours][2].Neighbour = killed, killed
	}, "both survive in 1 of 3 runs of ours, and 3 of 3 of unlimited", false},
	{
		"nothing to compare",
		claims{},
		func(r map[string][]outcome) { delete(r, gcSized); delete(r, unlimited); r[ours][0].Died = killed },
		"nothing to compare it with",
		true,
	},
	{
		"promised survival",
		claims{survives: 1},
		func(r map[string][]outcome) { r[ours][0].Neighbour = killed },
		"ours survived 2 of 3 runs, less than 100 %",
		false,
	},
	{"promised survival in most", claims{survives: 0.6}, func(r map[string][]outcome) { r[ours][0].Neighbour = killed }, "", false},
	{
		"no bite",
		claims{bites: true},
		func(r map[string][]outcome) { r[unlimited] = r[unlimited][:1] },
		"unlimited survived 1 of 1 with 2.0 % of the CPU in GC",
		false,
	},
	{
		"bite by GC",
		claims{bites: true},
		func(r map[string][]outcome) { r[unlimited] = r[unlimited][:1]; r[unlimited][0].IdleShare = 0.2 },
		"",
		false,
	},
	{"controller stopped", claims{}, func(r map[string][]outcome) { r[ours][1].Fault = "panic" }, "run 2: panic", false},
	{
		"replay",
		claims{},
		func(r map[string][]outcome) { r[ours][0].Replay = "x" },
		"run 1: a replay of the recording decides something else: x",
		false,
	},
	{
		"flapping",
		claims{maxChanges: 4},
		func(r map[string][]outcome) { r[ours][1].Changes = 5 },
		"the level changed 5.0 times a minute, more than 4",
		false,
	},
	{
		"a level without pressure",
		claims{calm: true},
		func(r map[string][]outcome) { r[ours][1].Top = control.PressureHigh },
		"run 2: the level was high without pressure",
		false,
	},
	{
		"misses without pressure",
		claims{calm: true},
		func(r map[string][]outcome) { r[ours][1].Misses = 6 },
		"94.0 % hits in the worst run",
		false,
	},
	{"limit never seen", claims{}, func(r map[string][]outcome) { r[ours][2].Late = never }, "run 3: the controller never saw", false},
	{
		"limit seen late",
		claims{},
		func(r map[string][]outcome) { r[ours][2].Late = 2 * time.Second },
		"in force after 2s, later than 1.25s",
		false,
	},
	{
		"too much GC",
		claims{cheap: true},
		func(r map[string][]outcome) { r[ours][1].GCShare = 0.031 },
		"3.1 % of the CPU in GC in its worst run",
		true,
	},
	{
		"slow tail",
		claims{},
		func(r map[string][]outcome) { r[ours][0].P99, r[ours][1].P99 = 109e3, 120e3 },
		"p99 of ours is 120µs, more than 1.2 times the 90µs",
		true,
	},
	{
		"slow",
		claims{},
		func(r map[string][]outcome) { r[ours][0].Requests, r[ours][1].Requests = 700, 800 },
		"ours served 800 op/s, less than 0.95 of the 990",
		true,
	},
}

func TestVerdictNamesEveryBrokenPromise(t *testing.T) {
	for _, c := range spoils {
		r := fine(c.claims)
		c.spoil(r.runs)
		found := r.judge(true, false)
		if c.want == "" {
			if len(found) > 0 {
				t.Errorf("%s: %v", c.name, found)
			}
			continue
		}
		for _, f := range found {
			if f.doubtful != c.doubtful || !strings.HasPrefix(f.Error(), "pressure: here, GOMEMLIMIT=off: ") {
				t.Errorf("%s: %v, doubtful %v", c.name, f, f.doubtful)
			}
		}
		if len(found) == 0 || !strings.Contains(found[0].text, c.want) {
			t.Errorf("%s: %v, want %q", c.name, found, c.want)
		}
	}
}

func TestTimesAreNotJudgedWhereTheyAreNobodys(t *testing.T) {
	r := fine(claims{cheap: true, survives: 2})
	for i := range r.runs[ours] {
		r.runs[ours][i].P99, r.runs[ours][i].Requests, r.runs[ours][i].GCShare = time.Hour, 1, 1
	}
	if found := r.judge(false, true); len(found) > 0 {
		t.Error(found)
	}
}

func TestStallsThatWereNotMadeAreSaid(t *testing.T) {
	r := fine(claims{calm: true})
	r.neighbour.Stalls = true
	if found := r.judge(true, false); len(found) != 3 ||
		!strings.Contains(found[0].text, "the neighbour stalled for 0.00 % of the time only") {
		t.Error(found)
	}
}

func TestTableShowsMediansOfSurvivors(t *testing.T) {
	r := fine(claims{})
	r.runs[ours][2] = outcome{Neighbour: killed, Peak: 256 * mib, recorded: recorded{Changes: 7}}
	r.runs[capped] = []outcome{{Died: killed, Neighbour: killed}}
	var out bytes.Buffer
	printTable(&out, []row{*r}, poolNames())
	const want = `
here, GOMEMLIMIT=off
       pool  survived  neighbour  both    hits  p50    p99  op/s  GCs  GC CPU  idle GC  changes/min  peak MiB
  unlimited       3/3        2/3   2/3  95.0 %   0s   90µs   990    0   2.0 %    0.0 %          0.0         0
  sync.Pool       2/3        3/3   2/3  95.0 %   0s  110µs   900    0   2.0 %    0.0 %          0.0         0
     cap-64       0/1        0/1   0/1       -    -      -     -    -       -        -          0.0         0
       none       1/1        1/1   1/1  95.0 %   0s    1ms  2000    0   2.0 %    0.0 %          0.0         0
       ours       3/3        2/3   2/3  95.0 %   0s  107µs   950    0   2.0 %    0.0 %          7.0       256
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestResultsSurviveAnInterruption(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	s := store{path: path, build: "b1"}
	from := fine(claims{})
	for pool, runs := range from.runs {
		for i := range runs {
			if err := s.add(from, pool, &runs[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	other := store{path: path, build: "b2"}
	if err := other.add(from, ours, new(outcome)); err != nil {
		t.Fatal(err)
	}
	f, _ := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"Build":"b1","Scen`)
	f.Close()
	into := []row{{scenario: from.scenario, setting: "off", runs: map[string][]outcome{}}}
	strange, err := s.load(into)
	if err != nil || strange != 1 {
		t.Errorf("%d of other builds, %v", strange, err)
	}
	if err := s.add(from, none, new(outcome)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.load([]row{}); err != nil {
		t.Errorf("appended to a line that was cut short: %v", err)
	}
	for pool, runs := range from.runs {
		if got := into[0].runs[pool]; len(got) != len(runs) || got[0].P99 != runs[0].P99 {
			t.Errorf("%s: %+v", pool, got)
		}
	}
}

func TestSessionSkipsByName(t *testing.T) {
	var said bytes.Buffer
	s, err := newSession(&options{full: true, noGroup: true, budget: -1}, &said, &said)
	if err != nil || len(s.rows) != 1 || s.rows[0].name != "heap" || s.rows[0].setting != "GOMEMLIMIT" {
		t.Errorf("%+v, %v", s, err)
	}
	for _, want := range []string{
		"no control group: -nogroup", "skipped: heap, GOMEMLIMIT=off: needs a control group", "skipped: squeeze, GOMEMLIMIT=230MiB",
	} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("said %q, want %q", said.String(), want)
		}
	}
}

func TestFullTableIsTenRunsAndTwo(t *testing.T) {
	s, err := newSession(&options{full: true, budget: -1}, new(bytes.Buffer), new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	for pool, want := range map[string]int{ours: 10, unlimited: 10, gcSized: 10, none: 2, capped: 2} {
		if s.runs[pool] != want {
			t.Errorf("%d runs of %s, want %d", s.runs[pool], pool, want)
		}
	}
}
