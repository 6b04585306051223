package others

import (
	"maps"
	"strings"
	"testing"
)

func TestResultsHaveEachOutcomeAndTheOutputOfWhatFailed(t *testing.T) {
	r, err := parse(strings.NewReader(`{"Action":"output","Package":"a","Test":"TestOne","Output":"fine\n"}
{"Action":"pass","Package":"a","Test":"TestOne"}
{"Action":"output","Package":"a","Test":"TestTwo/sub","Output":"broken\n"}
{"Action":"fail","Package":"a","Test":"TestTwo/sub"}
{"Action":"skip","Package":"a","Test":"TestThree"}
{"Action":"fail","Package":"a"}
`))
	want := map[string]string{"a.TestOne": "pass", "a.TestTwo/sub": "fail", "a.TestThree": "skip", "a.": "fail"}
	if err != nil || !maps.Equal(r.Outcomes, want) {
		t.Errorf("outcomes %v, %v; want %v", r.Outcomes, err, want)
	}
	if !r.Failed() || r.Passed["a"] != 1 || strings.Join(r.Failures, " ") != "a.TestTwo/sub a." || r.Output != "broken\n" {
		t.Errorf("%+v", r)
	}
}

func TestOutputThatIsNotJSONIsAnError(t *testing.T) {
	if _, err := parse(strings.NewReader("{}\nFAIL\n")); err == nil || !strings.Contains(err.Error(), "go test -json") {
		t.Errorf("error %v", err)
	}
}
