package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/cgroup"
)

// The driver runs the program that it is part of: in a test, the test's.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-lab") || slices.Contains(os.Args, "-neighbour") {
		main()
		return
	}
	os.Exit(m.Run())
}

// tiny is a service that is over in a quarter of a second.
func tiny() plan {
	return plan{
		Lasts: 250 * time.Millisecond, Workers: 2, Think: time.Millisecond, Garbage: 4 << 10,
		Bursts: []burst{
			{
				After:   10 * time.Millisecond,
				Every:   30 * time.Millisecond,
				Held:    time.Millisecond,
				Bytes:   4 * mib,
				Size:    bufferSize,
				Counted: true,
			},
		},
		Heap:  heap{After: 50 * time.Millisecond, During: 50 * time.Millisecond, Bytes: 2 * mib},
		File:  file{After: 10 * time.Millisecond, Every: 20 * time.Millisecond, Bytes: 2 * mib},
		Names: names{Count: 2000},
	}
}

func TestServiceLivesWithEveryPool(t *testing.T) {
	for _, name := range poolNames() {
		ctx, stop := context.WithCancel(t.Context())
		p := tiny()
		p.Pool, p.Dir = name, t.TempDir()
		b, err := openPool(ctx, &p)
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.live(b)
		b.report(&r)
		stop()
		if err != nil || r.Requests < 100 || r.Seconds < 0.2 || r.P50 <= 0 || r.P99 < r.P50 || r.Fault != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		if hits := r.hits(); name == none && hits != 0 || name == unlimited && hits < 0.7 {
			t.Errorf("%s: %.2f hits of %d", name, hits, r.Gets)
		}
		if name == ours && len(r.Runs) == 0 {
			t.Errorf("%s: the controller did not run", name)
		}
	}
}

// small is a scenario in a group of 64 MiB, with a neighbour.
func small(t *testing.T) *scenario {
	g, err := cgroup.New(64 * mib)
	if err != nil {
		t.Skipf("no control group can be made here: %v", err)
	}
	if err := g.Remove(); err != nil {
		t.Fatal(err)
	}
	p := tiny()
	p.Lasts = 700 * time.Millisecond
	n := &neighbour{After: 50 * time.Millisecond, Bytes: 8 * mib, PerMiB: time.Millisecond}
	return &scenario{name: "small", limit: 64 * mib, memLimit: "50MiB", plan: p, neighbour: n}
}

func TestDriverTellsWhoSurvives(t *testing.T) {
	d := driver{budget: -1}
	s := small(t)
	o, err := d.once(t.Context(), s, "off", gcSized)
	if err != nil || !o.survived() || o.Requests == 0 || o.Peak < 12*mib || o.Peak > 64*mib {
		t.Errorf("both fit: %+v, %v", o, err)
	}
	s.neighbour.Bytes = 128 * mib
	o, err = d.once(t.Context(), s, "off", gcSized)
	if err != nil || o.Neighbour != killed || o.Peak < 60*mib {
		t.Errorf("the neighbour does not fit: %+v, %v", o, err)
	}
	s.neighbour.Bytes, s.plan.Bursts[0].Bytes = mib, 128*mib
	o, err = d.once(t.Context(), s, "off", unlimited)
	if err != nil || o.Died != killed { // whom the kernel kills beside it is for the kernel to say
		t.Errorf("the service does not fit: %+v, %v", o, err)
	}
}

func TestNeighbourElsewhereDiesAlone(t *testing.T) {
	s := small(t)
	s.neighbour.Bytes, s.neighbour.Elsewhere = 64*mib, 16*mib
	d := driver{budget: -1}
	o, err := d.once(t.Context(), s, "off", unlimited)
	if err != nil || o.Died != "" || o.Neighbour != killed || o.Peak > 60*mib {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestChangedLimitIsSeenAndTheRunReplays(t *testing.T) {
	s := small(t)
	s.plan.Lasts = 2 * time.Second
	s.changes = []change{{After: 200 * time.Millisecond, Max: 48 * mib}}
	d := driver{budget: -1, keep: t.TempDir()}
	o, err := d.once(t.Context(), s, "off", ours)
	if err != nil || !o.survived() || o.Late <= 0 || o.Replay != "" || o.Decisions == 0 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, name := range []string{recordingFile, decisionsFile} {
		kept, _ := filepath.Glob(d.keep + "/small-off-*." + name + packed)
		if len(kept) != 1 {
			t.Fatalf("kept %q", kept)
		}
		if text, err := readPacked(strings.TrimSuffix(kept[0], packed)); err != nil || !bytes.HasSuffix(text, []byte("}\n")) {
			t.Errorf("%s: %.100s, %v", kept[0], text, err)
		}
	}
}

func TestRecordingsTellWhenALimitCameIntoForce(t *testing.T) {
	recording := []byte(`{"Version":2}
{"Now":1000,"Reading":{"Cgroup":{"Max":5}}}
{"Now":2000,"Reading":{"Cgroup":{"Max":5}}}
{"Now":3500,"Reading":{"Cgroup":{"Max":7}}}
{"Now":4000,"Rea`)
	for _, c := range []struct {
		at   int64
		max  int64
		want time.Duration
	}{{1500, 7, 2000}, {1500, 5, 500}, {3600, 7, never}, {1000, 9, never}} {
		if got := inForce(recording, changed{time.Unix(0, c.at), c.max}); got != c.want {
			t.Errorf("%d at %d: %v, want %v", c.max, c.at, got, c.want)
		}
	}
}

func TestReplayThatDiffersIsSaid(t *testing.T) {
	s := small(t)
	s.plan.Lasts = 1500 * time.Millisecond
	s.neighbour = nil
	dir := t.TempDir()
	p := s.plan
	p.Pool, p.Dir = ours, dir
	b, err := openPool(t.Context(), &p)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.live(b)
	if b.report(&r); err != nil {
		t.Fatal(err)
	}
	if c := readControl(dir, nil, false); c.Replay != "" || c.Decisions == 0 {
		t.Fatalf("as recorded: %+v", c)
	}
	path := filepath.Join(dir, decisionsFile)
	text, _ := os.ReadFile(path)
	os.WriteFile(path, bytes.Replace(text, []byte(`"Seq":1,`), []byte(`"Seq":7,`), 1), 0o644)
	if c := readControl(dir, nil, false); !strings.HasPrefix(c.Replay, "decided {Seq:7") {
		t.Errorf("another decision: %q", c.Replay)
	}
	os.WriteFile(path, append(text, text...), 0o644)
	if c := readControl(dir, nil, true); !strings.Contains(c.Replay, "when replayed") {
		t.Errorf("more decisions: %q", c.Replay)
	}
}

func TestDriverReportsALabThatFails(t *testing.T) {
	d := driver{noGroup: true, budget: -1}
	_, err := d.once(t.Context(), &scenario{plan: tiny()}, "off", "no such pool")
	if err == nil || !strings.Contains(err.Error(), `no pool "no such pool"`) {
		t.Errorf("the error is %v", err)
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
	if n := s.misses(); n != 4 {
		t.Errorf("%d misses, want 4", n)
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

func TestBadInputIsAnErrorThatNamesIt(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-pools", "ours,nope", "-settings", "on"}, []string{
			`-pools: no pool "nope": use some of unlimited, sync.Pool, cap-64, none, ours`, `no setting "on"`,
		}},
		{[]string{"-scenarios", "x"}, []string{`no scenario "x": use some of heap, steady-110-at-40`}},
		{[]string{"-runs", "-1"}, []string{"-runs and -others"}},
		{[]string{"-short", "-full"}, []string{"exclude each other"}},
		{[]string{"x"}, []string{`"x": takes no arguments`}},
		{[]string{"-lab", "{"}, []string{"-lab: unexpected end of JSON input"}},
		{[]string{"-neighbour", "{"}, []string{"-neighbour: unexpected end of JSON input"}},
	} {
		err := run(t.Context(), c.args, new(bytes.Buffer), new(bytes.Buffer))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: %v, want %q", c.args, err, want)
			}
		}
	}
}
