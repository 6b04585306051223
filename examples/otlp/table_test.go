package main

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func sampleView() *view {
	bodies := pool.Stats{
		Name: "gateway.bodies", Knows: pool.Knowledge{Rows: pool.KnowsIdleBytes | pool.KnowsInUse | pool.KnowsLimit},
		InUse: 3, Limit: 48 << 20,
	}
	bodies.Requests[pool.Hit], bodies.Requests[pool.Miss], bodies.Returns[pool.Full] = 1990, 10, 4
	bodies.IdleBytes = 1_300_000
	old := pool.Stats{Name: "gateway.batches"}
	fixed := pool.Stats{
		Name:        "gateway.proxy",
		Knows:       pool.Knowledge{Rows: pool.KnowsIdle | pool.KnowsInUse | pool.KnowsObjectLimit},
		ObjectLimit: 64,
	}
	fixed.Requests[pool.Hit], fixed.Idle = 400, 60
	at := time.Date(2026, 11, 26, 9, 0, 7, 0, time.UTC)
	control := &control.Stats{
		Level: control.PressureHigh, Since: at.Add(-3 * time.Second), Cause: control.CauseHeap, Limit: 4 << 20, Idle: 1_300_000,
		Decisions: []control.Decision{{
			Time: at.Add(-400 * time.Millisecond), To: control.PressureHigh, Action: control.Shrink,
			LimitBefore: 32 << 20, Limit: 4 << 20, Freed: 12 << 20, Reason: "heap 0.72 ≥ 0.70",
		}},
	}
	return &view{
		control: control, at: at,
		title: "otelpool gateway  http://127.0.0.1:8080/ingest  steady, 200/s  7s",
		pools: []poolView{{bodies, 2}, {old, 2}, {fixed, 2}},
		now: figures{
			Seconds:    2,
			Requests:   400,
			Skipped:    1,
			Allocated:  7 << 20,
			GCs:        3,
			Heap:       12 << 20,
			P50:        900 * time.Microsecond,
			P99:        12 * time.Millisecond,
			PerRequest: 18_350,
		},
		without: &figures{Heap: 9 << 20, P50: time.Millisecond, P99: 20 * time.Millisecond, PerRequest: 1 << 20, GCsPerRequest: 0.25},
		pooling: true,
		export:  "export: off",
	}
}

func TestTableAndLineLookLikeThis(t *testing.T) {
	t.Parallel()
	v := sampleView()
	off := *v
	off.pooling, off.without = false, nil
	got := strings.Join(v.table(), "\n") + "\n---\n" + v.line(7*time.Second) + "\n---\n" + strings.Join(off.comparison(), "\n") + "\n"
	const file = "testdata/table.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%s\nwant (-update accepts what is got):\n%s", got, want)
	}
}

func TestTableIsRedrawnInPlaceAndNeverWraps(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	s := &screen{out: &out, width: func() int { return 40 }}
	s.show(sampleView(), 0)
	lines := strings.Count(out.String(), "\n")
	for line := range strings.Lines(out.String()) {
		if len([]rune(line)) > 41 {
			t.Errorf("line of %d: %q", len(line), line)
		}
	}
	out.Reset()
	s.show(sampleView(), 0)
	if back := "\x1b[" + strconv.Itoa(lines) + "A\x1b[J"; !strings.HasPrefix(out.String(), back) {
		t.Errorf("starts with %q, want %q", out.String()[:10], back)
	}
}

func TestBytesText(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 KiB", 1536: "1.5 KiB", 102_400: "100 KiB", 1 << 20: "1.0 MiB", 48 << 20: "48.0 MiB",
		3 << 40: "3.0 TiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("bytesText(%v) = %q, want %q", n, got, want)
		}
	}
}
