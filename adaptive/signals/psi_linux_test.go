package signals

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otelpool/pool/internal/cgroup"
	"github.com/otelpool/pool/internal/testcost"
)

// stalls is a pressure file whose totals are given in milliseconds.
func stalls(some, full int) string {
	return fmt.Sprintf("some avg10=1.00 avg60=0.00 avg300=0.00 total=%d\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=%d\n",
		some*1000, full*1000)
}

const pressureFile = "/proc/pressure/memory"

func TestStallsAreSharesOfTheLastWindow(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	r.write(pressureFile, stalls(5000, 3000))
	reader := r.reader(noEnv)
	for _, step := range []struct {
		after      time.Duration
		some, full int // totals
		wantSome   float64
		wantFull   float64
		why        string
	}{
		{0, 5000, 3000, 0.01, 0.005, "nothing to compare with: the kernel's average"},
		{time.Second, 5900, 3000, 0.01, 0.005, "less than a window"},
		{time.Second, 5900, 3100, 0.45, 0.05, "900 and 100 of 2000 ms"},
		{time.Second, 5900, 3100, 0, 0.05, "the first second left the window"},
		{time.Second, 5900, 3100, 0, 0, "calm again"},
		{250 * time.Millisecond, 6125, 3100, 0.1, 0, "225 of 2250 ms: the newest reading that is a window old"},
		{time.Hour, 9000, 9000, 0.01, 0.005, "no window after a gap"},
		{-2 * time.Hour, 9100, 9000, 0.01, 0.005, "nor after a clock that went back"},
		{2 * time.Second, 9300, 9000, 0.1, 0, "a window later all is well"},
		{2 * time.Second, 100, 0, 0.01, 0.005, "another file's totals"},
		{2 * time.Second, 99999, 0, 1, 0, "more than there is time"},
	} {
		r.write(pressureFile, stalls(step.some, step.full))
		got := reader.after(step.after).PSI
		if !got.OK() || fmt.Sprintf("%.4f %.4f", got.Some, got.Full) != fmt.Sprintf("%.4f %.4f", step.wantSome, step.wantFull) {
			t.Errorf("%s: got %v and %v (%q), want %v and %v", step.why, got.Some, got.Full, got.Err, step.wantSome, step.wantFull)
		}
	}
}

// Readings may come at any pace: every tick, and after every collection.
func TestWindowOfStallsHoldsAtAnyPace(t *testing.T) {
	for _, pace := range []time.Duration{
		time.Millisecond, 90 * time.Millisecond, 250 * time.Millisecond, time.Second, 1900 * time.Millisecond, 9 * time.Second,
	} {
		r := newRoot(t, system("0::/\n", ""))
		r.write(pressureFile, stalls(0, 0))
		reader := r.reader(noEnv)
		var total time.Duration
		for range 200 {
			total += pace / 10
			r.write(pressureFile, stalls(int(total.Milliseconds()), 0))
			got := reader.after(pace).PSI
			warm := reader.s.clock.last.Sub(time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)) > psiWindow+pace
			if warm && (got.Some < 0.09 || got.Some > 0.11) {
				t.Fatalf("every %v: a steady tenth reads as %v", pace, got.Some)
			}
		}
	}
}

func TestGarbageInAPressureFileIsAnErrorThatNamesIt(t *testing.T) {
	for _, text := range []string{
		"", "\n", "some\nfull\n", "full avg10=0.00 total=0\nsome avg10=0.00 total=0\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=x.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=200.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=0.0 avg60=0.00 avg300=0.00 total=-1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=99999999999999999999999\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
	} {
		r := newRoot(t, system("0::/\n", ""))
		r.write(pressureFile, text)
		reader := r.reader(noEnv)
		got := reader.after(0).PSI
		contains(t, fmt.Sprintf("the error of %q", text), got.Err, r.dir+pressureFile, "line of a pressure file")
		r.write(pressureFile, calm)
		if got := reader.after(lookAgainAfter).PSI; !got.OK() {
			t.Errorf("%q: no recovery: %s", text, got.Err)
		}
	}
}

func TestMissingPressureFileIsAnErrorThatNamesIt(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	r.remove(pressureFile)
	got := r.reader(noEnv).after(time.Minute).PSI
	contains(t, "the error", got.Err, "open "+r.dir+pressureFile, "no such file")
	if got.Some != 0 || got.Full != 0 {
		t.Errorf("figures beside an error: %+v", got)
	}
}

func TestTriggerThatCannotBeSetIsSaid(t *testing.T) {
	r := newRoot(t, system("0::/\n", ""))
	reader := r.reader(noEnv)
	contains(t, "before Watch", reader.after(0).PSI.TriggerErr, "not watched")
	watch(t, reader.s)
	var err string
	testcost.Until(t, "verdict on a regular file", func() bool {
		err = reader.after(0).PSI.TriggerErr
		return err != notWatched
	})
	// A regular file that is no pressure file: written to, but nothing to wait for.
	contains(t, "the error", err, r.dir+pressureFile, "epoll_ctl", "operation not permitted")
}

func TestKernelTakesTheTriggers(t *testing.T) {
	needPressureFile(t)
	s := New("", noEnv)
	watch(t, s)
	var r Reading
	testcost.Until(t, "trigger", func() bool {
		s.Read(time.Now(), &r)
		return r.PSI.TriggerErr == ""
	})
}

// The trap that the trigger's comment tells of: who asks the set whether it is
// ready finds that it never is. A program that reads a file larger than its group
// may hold stalls on reclaim, and that is an event.
func TestStallOfTheKernelIsAnEvent(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the kernel tells of a stall after two seconds at the earliest")
	}
	needPressureFile(t)
	g, err := cgroup.New(16 << 20)
	if err != nil {
		t.Skipf("no control group to stall in: %v", err)
	}
	t.Cleanup(func() {
		if err := g.Remove(); err != nil {
			t.Error(err)
		}
	})
	var fired atomic.Int64
	l, err := openTrigger(pressureFile, []byte("some 1000 2000000\x00"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	start := time.Now()
	go func() { ended <- l.listen(func() { fired.Add(1) }) }()

	const thrash = `dd if=/dev/zero of="$0" bs=1M count=48 && while :; do dd if="$0" of=/dev/null bs=1M; done`
	cmd := g.Command(t.Context(), "/bin/sh", "-c", thrash, filepath.Join(t.TempDir(), "file"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	polled := &pressure{}
	if polled.file, err = openFile(pressureFile); err != nil {
		t.Fatal(err)
	}
	// Read no more often than a window: see the trigger's comment.
	stalled := 0.0
	for next := start; fired.Load() == 0 || stalled == 0; time.Sleep(20 * time.Millisecond) { // leaves the processor to what is to stall
		if time.Since(start) > deadline {
			t.Fatalf("%d events and a stalled share of %v within %v", fired.Load(), stalled, time.Since(start))
		}
		if now := time.Now(); !now.Before(next) {
			some, _, err := polled.read(now)
			if err != nil {
				t.Fatal(err)
			}
			stalled, next = max(stalled, some), now.Add(psiWindow+100*time.Millisecond)
		}
	}
	if windows := int64(time.Since(start)/psiWindow) + 1; fired.Load() > windows {
		t.Errorf("%d events in %d windows", fired.Load(), windows)
	}
	l.Close()
	if err := <-ended; err == nil {
		t.Error("a closed trigger ended without an error")
	}
	t.Logf("%d events and a stalled share of %.3f within %v", fired.Load(), stalled, time.Since(start))
}

func needPressureFile(t *testing.T) {
	t.Helper()
	f, err := os.OpenFile(pressureFile, os.O_RDWR, 0)
	if err == nil {
		_, err = f.Write([]byte("some 200000 2000000\x00"))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Skipf("no trigger can be set here: %v", err)
	}
}
