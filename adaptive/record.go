package adaptive

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/otelpool/pool/control"
)

// Recorder writes down everything that a controller reads, so that Replay can show
// later why it decided as it did. It writes a line of JSON for each run, about a
// hundred bytes for every class in use, and allocates for it.
type Recorder struct {
	mu  sync.Mutex
	out *json.Encoder
	err error
	run record // reused
}

// NewRecorder returns a recorder that writes to w, from the goroutine that makes
// the controller's runs. It is for one controller.
func NewRecorder(w io.Writer) *Recorder { return &Recorder{out: json.NewEncoder(w)} }

// Err returns the first error, or panic, of a write. Nothing is recorded after it.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// recording is the first line: the part of a config that decides.
type recording struct {
	Version int
	Config
}

const recordingVersion = 3

// record is the line of a run.
type record struct {
	LetGo   bool       `json:",omitempty"` // no run: the controller ended, and may begin again
	Config  *recording `json:",omitempty"` // no run: what decides from here on
	Now     int64
	At      time.Duration
	Trigger control.Trigger
	Reading Reading
	Limit   int64
	Used    int64
	Freed   int64
	Pools   []poolRecord `json:",omitempty"`
}

type poolRecord struct {
	Name    string
	Open    bool        `json:",omitempty"`
	Fresh   bool        `json:",omitempty"`
	Others  int64       `json:",omitempty"`
	Classes []classLine `json:",omitempty"`
}

// classLine is a class's demand: its figures in order of the fields, and the
// bins that are not empty.
type classLine struct {
	N    [9]int64
	S    [2]float64
	Held [][2]uint32 `json:",omitempty"`
	Gone [][2]uint32 `json:",omitempty"`
}

func (r *Recorder) begin(c *Config) error {
	if r == nil {
		return nil
	}
	r.write(recordingOf(c))
	return r.Err()
}

func (r *Recorder) configured(c *Config) {
	if r != nil {
		r.write(record{Config: recordingOf(c)})
	}
}

func recordingOf(c *Config) *recording { return &recording{recordingVersion, *c} }

func (r *Recorder) write(line any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	defer onPanic(func(v any) { r.err = fmt.Errorf("adaptive: the recorder's writer panicked: %v", v) })
	r.err = r.out.Encode(line)
}

func (r *Recorder) letGo() {
	if r != nil {
		r.write(record{LetGo: true})
	}
}

func (r *Recorder) add(s *sample, freed int64) {
	if r == nil {
		return
	}
	line := &r.run
	*line = record{
		Now: s.Now.UnixNano(), At: s.At, Trigger: s.Trigger, Reading: s.Reading, Limit: s.Limit, Used: s.Used, Freed: freed,
		Pools: resized(line.Pools, len(s.Pools)),
	}
	for i := range s.Pools {
		line.Pools[i].set(&s.Pools[i])
	}
	r.write(line)
}

// resized keeps what elements beyond a length before have allocated.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

func (r *poolRecord) set(p *poolSample) {
	*r = poolRecord{
		Name: p.Name, Open: p.Open, Fresh: p.Fresh, Others: p.Others, Classes: resized(r.Classes, len(p.Demand.Classes)),
	}
	for i := range p.Demand.Classes {
		r.Classes[i].set(&p.Demand.Classes[i])
	}
}

func (r *poolRecord) sample() poolSample {
	p := poolSample{Name: r.Name, Open: r.Open, Fresh: r.Fresh, Others: r.Others}
	for i := range r.Classes {
		p.Demand.Classes = append(p.Demand.Classes, r.Classes[i].demand())
	}
	return p
}

func (l *classLine) set(d *control.ClassDemand) {
	*l = classLine{
		N: [9]int64{
			d.Size, int64(d.Gets), int64(d.Misses), int64(d.Regrets), int64(d.Refused), int64(d.Dropped), d.Idle, d.InUse, d.LowWater,
		},
		S:    [2]float64{d.IdleSeconds, d.DroppedSeconds},
		Held: appendSparse(l.Held[:0], &d.Held), Gone: appendSparse(l.Gone[:0], &d.Gone),
	}
}

func (l *classLine) demand() control.ClassDemand {
	n := &l.N
	d := control.ClassDemand{
		Size: n[0], Gets: uint64(n[1]), Misses: uint64(n[2]), Regrets: uint64(n[3]), Refused: uint64(n[4]), Dropped: uint64(n[5]),
		Idle: n[6], InUse: n[7], LowWater: n[8], IdleSeconds: l.S[0], DroppedSeconds: l.S[1],
	}
	dense(l.Held, &d.Held)
	dense(l.Gone, &d.Gone)
	return d
}

func appendSparse(bins [][2]uint32, g *control.Gaps) [][2]uint32 {
	for bin, n := range g {
		if n > 0 {
			bins = append(bins, [2]uint32{uint32(bin), n})
		}
	}
	return bins
}

func dense(bins [][2]uint32, g *control.Gaps) {
	for _, b := range bins {
		if b[0] < control.NumGaps {
			g[b[0]] = b[1]
		}
	}
}

// Replay returns the decisions that a controller made while it was recorded, made
// again from the recording alone.
func Replay(recorded io.Reader) ([]control.Decision, error) {
	lines := bufio.NewReader(recorded)
	first, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("adaptive: recording: line 1: %w", err)
	}
	var c recording
	if err := json.Unmarshal(first, &c); err != nil {
		return nil, fmt.Errorf("adaptive: recording: line 1: %w", err)
	}
	if c.Version != recordingVersion {
		return nil, fmt.Errorf("adaptive: recording: line 1: version %d: this program reads version %d", c.Version, recordingVersion)
	}
	return replay(newPolicy(c.Config), lines)
}

func replay(p *policy, lines *bufio.Reader) (decisions []control.Decision, err error) {
	for number := 2; ; number++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return decisions, nil // a line without an end was cut short
		}
		var r record
		if err == nil {
			err = json.Unmarshal(text, &r)
		}
		if err != nil {
			return decisions, fmt.Errorf("adaptive: recording: line %d: %w", number, err)
		}
		switch {
		case r.LetGo:
			p.letGo()
			continue
		case r.Config != nil:
			p.c.takeKnobs(&r.Config.Config)
			continue
		}
		s := r.sample()
		p.step(s)
		v := p.settle(s, r.Freed)
		if v.told > 0 && v.told <= uint64(len(decisions)) {
			decisions[v.told-1].Outcome = v.outcome
		}
		if v.notable {
			decisions = append(decisions, v.decision)
		}
	}
}

func (r *record) sample() *sample {
	s := &sample{Now: time.Unix(0, r.Now), At: r.At, Trigger: r.Trigger, Reading: r.Reading, Limit: r.Limit, Used: r.Used}
	for i := range r.Pools {
		s.Pools = append(s.Pools, r.Pools[i].sample())
	}
	return s
}
