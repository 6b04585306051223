package poollint_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// most is how many times the CPU time of go vet poollint may take.
const most = 2

// BenchmarkOnThisRepository compares poollint with go vet, both run by go vet on the
// root module, in turn. A flag that is new each time keeps the go command from answering
// from its cache; what it compiles is there from the first round. CPU time counts what
// all processes took. It fails if poollint takes too much of it.
func BenchmarkOnThisRepository(b *testing.B) {
	tool := buildTool(b)
	fresh := func() string { return fmt.Sprint("example.com/none.T", time.Now().UnixNano()) }
	vet(b, "-printf.funcs="+fresh())
	var theirs, ours time.Duration
	for b.Loop() {
		theirs += vet(b, "-printf.funcs="+fresh())
		ours += vet(b, "-vettool="+tool, "-pools="+fresh())
	}
	ratio := ours.Seconds() / theirs.Seconds()
	b.ReportMetric(theirs.Seconds()/float64(b.N), "vet-cpu-s/op")
	b.ReportMetric(ours.Seconds()/float64(b.N), "poollint-cpu-s/op")
	b.ReportMetric(ratio, "ratio")
	if ratio > most {
		b.Errorf("poollint takes %.2f times as much CPU time as go vet, at most %d", ratio, most)
	}
}

func vet(b *testing.B, args ...string) time.Duration {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), "go", append(append([]string{"vet"}, args...), "./...")...)
	cmd.Dir, cmd.Env = repository, append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) { // poollint has something to say of tests
		b.Fatalf("%v\n%s", err, out)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}
