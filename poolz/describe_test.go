package poolz_test

import (
	"strings"
	"testing"

	"github.com/otelpool/pool"
)

// described is a source that says what it holds.
type described struct{ *fake }

func (described) Describe() string {
	return "*bytes.Buffer, made at <server>.go:21, 3 pools; bytes are estimated"
}

func TestWhatASourceSaysOfItselfIsShown(t *testing.T) {
	t.Parallel()
	r := new(pool.Registry)
	publish(t, r, "bufs", described{newFake()})
	for format, want := range map[string]string{
		"html": "made at &lt;server&gt;.go:21", "text": "holds: *bytes.Buffer, made at <server>.go:21",
		"json": `"description": "*bytes.Buffer`,
	} {
		if body := get(t, pageOf(r), "?pool=bufs&format="+format).Body.String(); !strings.Contains(body, want) {
			t.Errorf("%s has no %q:\n%s", format, want, body)
		}
	}
}
