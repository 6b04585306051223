package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
)

// control is what ours' controller left of a run, also of one that was killed.
type recorded struct {
	Decisions int
	Changes   int                   // of the level
	Top       control.PressureLevel // the highest
	Late      time.Duration         // longest time until a new limit was in force
	Replay    string                // how a replay of the recording differs; "" if it does not
}

const never = time.Duration(1<<63 - 1)

func readControl(dir string, changes []changed, died bool) (c recorded) {
	recording, err := os.ReadFile(filepath.Join(dir, recordingFile))
	if err == nil {
		var decided []byte
		if decided, err = os.ReadFile(filepath.Join(dir, decisionsFile)); err == nil {
			c.Replay, err = replays(recording, decided, &c, died)
		}
	}
	if err != nil {
		c.Replay = err.Error()
	}
	for _, change := range changes {
		c.Late = max(c.Late, inForce(recording, change))
	}
	return c
}

// replays compares what a recording decides with what was decided. What a
// process was killed in the middle of may be in one of them only.
func replays(recording, decided []byte, c *recorded, died bool) (differs string, err error) {
	again, err := adaptive.Replay(bytes.NewReader(recording))
	if err != nil {
		return "", err
	}
	var live []control.Decision
	for line := range bytes.Lines(decided) {
		var d control.Decision
		if err := json.Unmarshal(line, &d); err != nil && !died {
			return "", err
		} else if err == nil {
			live = append(live, d)
			c.count(&d)
		}
	}
	if n := len(again) - len(live); n != 0 && !(died && n == 1) {
		return fmt.Sprintf("%d decisions, and %d when replayed", len(live), len(again)), nil
	}
	for i := range live {
		again[i].Outcome = "" // is known later
		if !sameDecision(live[i], again[i]) {
			return fmt.Sprintf("decided %+v, and replayed %+v", live[i], again[i]), nil
		}
	}
	return "", nil
}

// sameDecision compares all but the form of the time, which JSON changes.
func sameDecision(a, b control.Decision) bool {
	same := a.Time.Equal(b.Time)
	a.Time, b.Time = time.Time{}, time.Time{}
	return same && reflect.DeepEqual(a, b)
}

func (c *recorded) count(d *control.Decision) {
	c.Decisions++
	c.Top = max(c.Top, d.To)
	if d.From != d.To {
		c.Changes++
	}
}

// inForce is how long after a change the controller first saw the new limit.
func inForce(recording []byte, c changed) time.Duration {
	for line := range bytes.Lines(recording) {
		var sample struct {
			Now     int64
			Reading struct{ Cgroup struct{ Max int64 } }
		}
		if json.Unmarshal(line, &sample) != nil || sample.Now < c.at.UnixNano() {
			continue
		}
		if sample.Reading.Cgroup.Max == c.max {
			return time.Duration(sample.Now - c.at.UnixNano())
		}
	}
	return never
}
