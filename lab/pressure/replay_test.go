package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"testing"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
)

var update = flag.Bool("update", false, "make the decisions in testdata anew, from the recordings there")

// What controllers saw in this lab, in runs that process and neighbour survived, decides
// again what it decided then, to the last bit: a recording that somebody sends can be
// believed, and a change of the policy shows which decisions it changes.
//
// The files are the lab's: go run ./pressure -pools ours -runs 1 -keep DIR, under the
// scenario's name; "high" is from a machine with control groups of the second version.
// Where a change is meant to change decisions, go test -update writes them anew.
func TestRecordingsOfAllScenariosReplayExactly(t *testing.T) {
	var met [control.NumPressureLevels]bool
	for _, s := range scenarios() {
		recording, err := readPacked("testdata/" + s.name + "." + recordingFile)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			decideAnew(t, s.name, recording)
		}
		decided, err := readPacked("testdata/" + s.name + "." + decisionsFile)
		if err != nil {
			t.Fatal(err)
		}
		var c recorded
		differs, err := replays(recording, decided, &c, false)
		if differs != "" || err != nil {
			t.Errorf("%s: %s, %v", s.name, differs, err)
		}
		if c.Decisions == 0 || s.claims.calm && c.Top > control.PressureElevated {
			t.Errorf("%s: %d decisions, up to level %v: nothing that such a run shows", s.name, c.Decisions, c.Top)
		}
		if _, rest, _ := bytes.Cut(decided, []byte("\n")); notedAs(recording, rest) == "" {
			t.Errorf("%s: that the first decision is missing goes unnoticed", s.name)
		}
		met[c.Top] = true
	}
	if met != [control.NumPressureLevels]bool{true, true, true, true} {
		t.Errorf("the recordings go up to these levels: %v", met)
	}
}

func notedAs(recording, decided []byte) string {
	differs, err := replays(recording, decided, new(recorded), false)
	if err != nil {
		return err.Error()
	}
	return differs
}

func decideAnew(t *testing.T, name string, recording []byte) {
	t.Helper()
	decisions, err := adaptive.Replay(bytes.NewReader(recording))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for _, d := range decisions {
		d.Outcome = "" // is known later
		if err := lines.Encode(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := writePacked("testdata/"+name+"."+decisionsFile, text.Bytes()); err != nil {
		t.Fatal(err)
	}
}
