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
// hundred bytes for every class in use.
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
	LetGo  bool       `json:",omitempty"` // no run: the controller ended, and may begin again
	Config *recording `json:",omitempty"` // no run: what decides from here on
	Now    int64
	sample
	Freed int64
	Pools []poolRecord `json:",omitempty"`
}

type poolRecord struct {
	poolSample
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

func recordingOf(c *Config) *recording { return &recording{recordingVersion, *c} }

// write writes a line, unless there is no recorder or an error before.
func (r *Recorder) write(line any) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return
	}
	defer onPanic(func(v any) { r.err = fmt.Errorf("adaptive: the recorder's writer panicked: %v", v) })
	r.err = r.out.Encode(line)
}

func (r *Recorder) add(s *sample, freed int64) {
	if r == nil {
		return
	}
	line := &r.run
	*line = record{Now: s.Now.UnixNano(), sample: *s, Freed: freed, Pools: resized(line.Pools, len(s.Pools))}
	for i := range s.Pools {
		line.Pools[i].set(&s.Pools[i])
	}
	r.write(line)
}

// resized keeps what elements beyond a length before have allocated.
func resized[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

func (r *poolRecord) set(p *poolSample) {
	*r = poolRecord{*p, resized(r.Classes, len(p.Demand.Classes))}
	for i := range p.Demand.Classes {
		r.Classes[i].set(&p.Demand.Classes[i])
	}
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
	var c recording
	if err := decodeLine(lines, &c); err != nil {
		return nil, fmt.Errorf("adaptive: recording: line 1: %w", err)
	}
	if c.Version != recordingVersion {
		return nil, fmt.Errorf("adaptive: recording: line 1: version %d: this program reads version %d", c.Version, recordingVersion)
	}
	return replay(newPolicy(&c.Config), lines)
}

// decodeLine reads the next line. A line without an end was cut short: it is io.EOF.
func decodeLine(lines *bufio.Reader, into any) error {
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func replay(p *policy, lines *bufio.Reader) (decisions []control.Decision, err error) {
	for number := 2; ; number++ {
		var r record
		err := decodeLine(lines, &r)
		if errors.Is(err, io.EOF) {
			return decisions, nil
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
		s := r.read()
		p.step(s)
		v := p.settle(s, r.Freed)
		decisions = v.enter(decisions)
	}
}

// read is the sample that was recorded.
func (r *record) read() *sample {
	s := &r.sample
	s.Now = time.Unix(0, r.Now)
	for i := range r.Pools {
		p := &r.Pools[i]
		for j := range p.Classes {
			p.Demand.Classes = append(p.Demand.Classes, p.Classes[j].demand())
		}
		s.Pools = append(s.Pools, p.poolSample)
	}
	return s
}
