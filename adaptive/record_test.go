package adaptive_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/internal/sim"
	"github.com/otelpool/pool/internal/testalloc"
)

// Whatever a controller is told, its recording gives the same decisions.
func TestReplayDecidesTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var recording bytes.Buffer
		l := newLab(t, adaptive.Config{Recorder: adaptive.NewRecorder(&recording), ForceGC: adaptive.ForceGC(seed % 3),
			MemoryLimit: limit}, 1<<10, 64<<10, mib)
		l.ctl.SetCalls(func() { l.reading.Heap.Cycles++ }, nil)
		for range 400 {
			stir(l, rng)
			l.step()
		}
		live := l.stats().Decisions
		replayed, err := adaptive.Replay(bytes.NewReader(recording.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		if len(live) < 5 {
			t.Fatalf("seed %d: only %d decisions", seed, len(live))
		}
		if n := len(replayed) - len(live); n > 0 {
			replayed = replayed[n:] // the controller keeps the last ones
		}
		for i := range live {
			if !reflect.DeepEqual(live[i], replayed[i]) {
				t.Fatalf("seed %d:\nlive     %+v\nreplayed %+v", seed, live[i], replayed[i])
			}
		}
	}
}

// stir changes what the lab's controller will see, at random.
func stir(l *lab, rng *rand.Rand) {
	for class := range 3 {
		if rng.IntN(3) == 0 {
			l.fill(class, rng.IntN(40))
		}
	}
	r := &l.reading
	if rng.IntN(10) == 0 {
		l.heap(rng.Float64())
	}
	if rng.IntN(30) == 0 {
		r.Heap.Limit = []int64{limit, limit / 2, adaptive.NoLimit}[rng.IntN(3)]
	}
	r.PSI.Some, r.PSI.FullFired, r.External.Asked = 0.06*rng.Float64(), rng.IntN(100) == 0, rng.IntN(80) == 0
	if rng.IntN(20) == 0 {
		r.Cgroup = group(0.6 + 0.35*rng.Float64())
	}
	r.Cgroup.Err = []string{"", "", "unreadable"}[rng.IntN(3)]
	if rng.IntN(50) == 0 {
		l.at += time.Duration(rng.IntN(100)-50) * time.Second
	}
}

func TestReplayNamesTheLineThatIsWrong(t *testing.T) {
	t.Parallel()
	var recording bytes.Buffer
	l := newLab(t, adaptive.Config{Recorder: adaptive.NewRecorder(&recording)})
	l.run(time.Second)
	lines := strings.SplitAfter(recording.String(), "\n")
	for _, c := range []struct{ recording, want string }{
		{"", "line 1: EOF"},
		{"{}\n", "line 1: version 0: this program reads version 3"},
		{"nonsense\n", "line 1: invalid character"},
		{lines[0] + lines[1] + "{\"At\":\"noon\"}\n", "line 3: json: cannot unmarshal"},
	} {
		if _, err := adaptive.Replay(strings.NewReader(c.recording)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %s", c.recording, err, c.want)
		}
	}
	if d, err := adaptive.Replay(strings.NewReader(recording.String() + lines[2][:20])); err != nil || len(d) != 1 {
		t.Errorf("cut short: %v, %v; want the first run", d, err)
	}
	broken := io.MultiReader(strings.NewReader(recording.String()), iotest.ErrReader(io.ErrUnexpectedEOF))
	if _, err := adaptive.Replay(broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a reader that fails: %v, want its error", err)
	}
}

// Garbage for every run would be what fills a group that is recorded because it is full.
func TestRecordingAllocatesNothing(t *testing.T) {
	if raceflag.On {
		t.Skip("package json keeps its buffers in a sync.Pool, which drops some under the race detector")
	}
	l := newLab(t, adaptive.Config{Recorder: adaptive.NewRecorder(io.Discard)}, 1<<10, 64<<10, mib)
	second := func() {
		for class := range 3 {
			l.fill(class, 20)
		}
		l.at += time.Second
		l.ctl.Step(sim.Start.Add(l.at))
	}
	for range 100 {
		second()
	}
	if n := testalloc.PerRun(100, second); n > 0 {
		t.Errorf("%v allocations for a run that is recorded", n)
	}
}

type brokenPipe struct{ left int }

func (b *brokenPipe) Write(p []byte) (int, error) {
	if b.left--; b.left < 0 {
		return 0, errors.New("broken pipe")
	}
	return len(p), nil
}

func TestARecorderThatCannotWriteHindersNobody(t *testing.T) {
	t.Parallel()
	r := adaptive.NewRecorder(&brokenPipe{left: 3})
	l := newLab(t, adaptive.Config{Recorder: r})
	l.run(5 * time.Second)
	if err := r.Err(); err == nil || err.Error() != "broken pipe" {
		t.Errorf("error %v", err)
	}
	if l.stats().Level != control.PressureNone || l.stats().Runs[control.Hold] == 0 {
		t.Error("the controller did not go on")
	}
}
