//go:build otelpool_debug

package strategies_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/otelpool/pool/strategies"
)

// panicOf is what f panics with.
func panicOf(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return "<nil>"
}

//go:noinline
func takeIt(p *strategies.SizeClasses) []byte { return p.Get(1000) }

//go:noinline
func giveIt(p *strategies.SizeClasses, b []byte) { p.Put(b) }

//go:noinline
func giveItAgain(p *strategies.SizeClasses, b []byte) { p.Put(b) }

//go:noinline
func giveItsEnd(p *strategies.SizeClasses, b []byte) { p.Put(b[100:]) }

// Every mistake panics with the places it took, though the config says not to look.
func TestDebugBuildsPanicAtMisuse(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(p *strategies.SizeClasses)
		says []string
	}{
		"given back a second time": {func(p *strategies.SizeClasses) {
			b := takeIt(p)
			giveIt(p, b)
			giveItAgain(p, b)
		}, []string{"given back a second time", "takeIt", "giveIt\n", "giveItAgain", "debug_panics_test.go:"}},
		"suffix Put": {func(p *strategies.SizeClasses) {
			giveItsEnd(p, takeIt(p))
		}, []string{"suffix: given back from somewhere after its beginning", "takeIt", "giveItsEnd", "debug_panics_test.go:"}},
		"write after Put": {func(p *strategies.SizeClasses) {
			b := takeIt(p)
			giveIt(p, b)
			b[999] = 1
			p.Get(1) // looks
		}, []string{"after it was given back", "takeIt", "giveIt\n", "debug_panics_test.go:"}},
		"write after Put, and Close": {func(p *strategies.SizeClasses) {
			b := takeIt(p)
			giveIt(p, b)
			b[0] = 1
			p.Close()
		}, []string{"after it was given back"}},
		"none": {func(p *strategies.SizeClasses) {
			giveIt(p, takeIt(p)[:10])
			p.Put(make([]byte, 1000)) // foreign: counted
			takeIt(p)                 // lost: counted
		}, []string{"<nil>"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := strategies.Must(strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Safety: strategies.SafetyOff}))
			text := panicOf(func() { c.do(p); panic("<nil>") })
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("panics with %q, want %q in it", text, want)
				}
			}
		})
	}
}

func TestDebugBuildsPanicAtADoublePutOfAnObject(t *testing.T) {
	p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[[8]int]{New: func() *[8]int { return new([8]int) }}))
	x := p.Get()
	p.Put(x)
	if text := panicOf(func() { p.Put(x) }); !strings.Contains(text, "given back a second time") ||
		strings.Count(text, "debug_panics_test.go:") < 3 {
		t.Errorf("panics with %q", text)
	}
}

func TestDebugBuildsPanicAtADoublePutToASlab(t *testing.T) {
	p := strategies.Must(strategies.NewFixed(strategies.FixedConfig{Size: 64, Count: 4}))
	b := p.Get()
	p.Put(b)
	if text := panicOf(func() { p.Put(b[8:]) }); !strings.Contains(text, "given back a second time") ||
		strings.Count(text, "debug_panics_test.go:") < 3 {
		t.Errorf("panics with %q", text)
	}
}
