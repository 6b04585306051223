//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package chaos_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/internal/percpu"
	"github.com/otelpool/pool/internal/testcost"
	"github.com/otelpool/pool/strategies"
)

var freezes = flag.Int("freezes", 3, "how often TestAFrozenProcessIsBackAtOnce stops its child, once if -short")

const (
	frozenFor = time.Second
	thawed    = 250 * time.Millisecond // what has to be done within after that
	asChild   = "OTELPOOL_CHAOS_FROZEN"
)

// A process that was stopped, as a frozen container or a suspended VM is, must not
// pay for that time once more, in the pause that follows a stop of the world. So the
// child, which is this test's binary, is stopped in the middle of such a stop.
func TestAFrozenProcessIsBackAtOnce(t *testing.T) {
	if os.Getenv(asChild) != "" {
		return // see TestFrozenChild
	}
	n := *freezes
	if testing.Short() {
		n = 1
	}
	testcost.Within(t, "what goes on after the process was stopped", thawed, func() time.Duration { return freezeChild(t, n) })
}

// freezeChild starts the child, stops it n times and returns how long after one of
// the stops the last operation ended that had begun before.
func freezeChild(t *testing.T, n int) (late time.Duration) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run", "^TestFrozenChild$")
	child.Env = append(os.Environ(), asChild+"=1")
	child.Stderr = os.Stderr
	input, output := must(child.StdinPipe())(t), must(child.StdoutPipe())(t)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	report := make(chan string)
	go func() { all, _ := io.ReadAll(output); report <- string(all) }()
	var frozen []interval
	for range n {
		if _, err := input.Write([]byte{'\n'}); err != nil {
			t.Fatal(err)
		}
		frozen = append(frozen, thaw(t, child.Process))
		time.Sleep(2 * thawed) // or the next stop would hit late operations
	}
	input.Close()
	all := <-report
	if err := child.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, all)
	}
	return latest(t, all, frozen)
}

// interval is when something began and ended, by the computer's clock in
// nanoseconds: two processes compare them.
type interval struct{ from, to int64 }

// thaw waits until the process is stopped, and lets it go on after a while.
func thaw(t *testing.T, p *os.Process) interval {
	var state syscall.WaitStatus
	if _, err := syscall.Wait4(p.Pid, &state, syscall.WUNTRACED, nil); err != nil || !state.Stopped() {
		t.Fatalf("the child was not stopped: %v, %v", state, err)
	}
	from := time.Now().UnixNano()
	time.Sleep(frozenFor)
	to := time.Now().UnixNano()
	if err := p.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	return interval{from, to}
}

// latest reads what the child measured.
func latest(t *testing.T, report string, frozen []interval) (latest time.Duration) {
	t.Helper()
	lines := 0
	for line := range strings.Lines(report) {
		var what string
		var did interval
		if n, _ := fmt.Sscanf(line, "did %s %d %d", &what, &did.from, &did.to); n != 3 {
			continue
		}
		lines++
		for _, f := range frozen {
			late := time.Duration(did.to - max(did.from, f.to))
			if did.from < f.to && late > thawed {
				t.Logf("%s ended %v after the process went on", what, late)
			}
			if did.from < f.to {
				latest = max(latest, late)
			}
		}
	}
	if lines == 0 {
		t.Errorf("the child was never stopped in the middle of anything:\n%s", report)
	}
	return latest
}

// TestFrozenChild is the process that gets stopped: pools under load that are
// trimmed, resized and closed all the time, and a controller that has to shrink
// them.
func TestFrozenChild(t *testing.T) {
	if os.Getenv(asChild) == "" {
		t.Skip("it is run by TestAFrozenProcessIsBackAtOnce")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := new(pool.Registry)
	p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "p", Registry: r}))
	for range 2 {
		go load(ctx, p)
	}
	go repeat(ctx, "Trim", func() { p.Trim(pool.Unlimited) })
	go repeat(ctx, "SetLimit", func() { p.SetLimit(0); p.SetLimit(1 << 20) })
	go repeat(ctx, "Close", func() {
		q := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{}))
		q.Put(q.Get(1000))
		q.Close()
	})
	go repeat(ctx, "Reclaim", func() { // a controller's step that lowers the budget
		r.Budget().SetLimit(0)
		r.Budget().Reclaim()
		r.Budget().SetLimit(1 << 20)
	})
	go controlled(ctx, t, r)
	for in := bufio.NewReader(os.Stdin); ; { // until the parent closes it
		if _, err := in.ReadByte(); err != nil {
			return
		}
		for !freeze() {
		}
	}
}

// freeze stops the process in a stop of the world, which cannot end as long as this
// goroutine is pinned. It gives up after a while: it may be another that waits.
func freeze() bool {
	pid := uintptr(os.Getpid())
	began := time.Now()
	percpu.Pin()
	defer percpu.Unpin()
	for g := percpu.Generation(); g == percpu.Generation() && !percpu.Portable; {
		if time.Since(began) > 10*time.Millisecond {
			return false
		}
	}
	for seen := time.Now(); time.Since(seen) < 100*time.Microsecond; { // whoever stops the world looks at the clock
	}
	_, _, failed := syscall.RawSyscall(syscall.SYS_KILL, pid, uintptr(syscall.SIGSTOP), 0)
	return failed == 0
}

func load(ctx context.Context, p *strategies.SizeClasses) {
	for ctx.Err() == nil {
		for range 100 {
			a, b := p.Get(500), p.Get(5000)
			p.Put(b)
			p.Put(a)
		}
	}
}

// repeat does something over and over, and tells when it took long enough to have
// been stopped meanwhile.
func repeat(ctx context.Context, what string, do func()) {
	for ctx.Err() == nil {
		from := time.Now()
		do()
		if to := time.Now(); to.Sub(from) > frozenFor/2 {
			fmt.Println("did", what, from.UnixNano(), to.UnixNano())
		}
	}
}

// controlled has a controller step as often as it may, with memory short at every
// other, and measures from reading to reading.
func controlled(ctx context.Context, t *testing.T, r *pool.Registry) {
	var from time.Time
	short := false
	ctl, err := adaptive.New(adaptive.Config{
		Registry: r, Interval: 10 * time.Millisecond, PressureInterval: 10 * time.Millisecond,
		Signals: &signals{func() {
			to := time.Now()
			if !from.IsZero() && to.Sub(from) > frozenFor/2 {
				fmt.Println("did Step", from.UnixNano(), to.UnixNano())
			}
			from, short = to, !short
		}},
	})
	if err != nil {
		t.Error(err)
		return
	}
	_ = ctl.Run(ctx)
}

// must is for what fails only where there is no test to be had.
func must[T any](x T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}
