package poollint_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// BenchmarkOnThisRepository compares poollint with go vet, both run by go vet on the
// root module. A flag that is new each time keeps the go command from answering from
// its cache; what it compiles is there from the first round. CPU time counts what all
// processes took.
func BenchmarkOnThisRepository(b *testing.B) {
	tool := buildTool(b)
	fresh := func() string { return fmt.Sprint("example.com/none.T", time.Now().UnixNano()) }
	vet(b, "-printf.funcs="+fresh())
	b.Run("vet", func(b *testing.B) {
		cpu := time.Duration(0)
		for b.Loop() {
			cpu += vet(b, "-printf.funcs="+fresh())
		}
		b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	})
	b.Run("poollint", func(b *testing.B) {
		cpu := time.Duration(0)
		for b.Loop() {
			cpu += vet(b, "-vettool="+tool, "-pools="+fresh())
		}
		b.ReportMetric(cpu.Seconds()/float64(b.N), "cpu-s/op")
	})
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
