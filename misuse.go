package pool

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"log/slog"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"time"
)

// MisuseKind is a kind of mistake in the use of a pool.
type MisuseKind uint8

const (
	MisuseLost     MisuseKind = iota // never given back: the garbage collector took it while it was handed out
	MisuseDouble                     // given back a second time
	MisuseWrite                      // written to after it was given back; of a ChunkedSlice, used at all
	MisuseOverrun                    // written to beyond its capacity, which takes package unsafe or C
	MisuseSuffix                     // given back from somewhere after its beginning: b[k:]
	MisuseForeign                    // given back, and not of a capacity, or an address, that the pool hands out
	MisuseConfig                     // of the config: Detail says which
	NumMisuseKinds = iota
)

// String returns the kind's name in metrics and in print.
func (k MisuseKind) String() string { return labelOf(misuseLabels[:], int(k)).name }

// Misuse is one mistake in the use of a pool, with the places in the code that are
// known. A nil Stack is a place that is not.
type Misuse struct {
	Pool string // "" if it has no name
	Kind MisuseKind
	Size int64         // bytes of the buffer or object; 0 if they are not known
	Held time.Duration // from Get to Put, or to when it was found lost
	Get  Stack         // where it was taken
	Put  Stack         // where it was given back
	Late Stack         // the wrong Put, or the one that revealed an overrun
	// Detail says what is wrong with the config, or how a ChunkedSlice was misused.
	Detail string
}

// Culprit returns the place to look at first: the stack of the wrong Put, or of the
// Get of what was lost or damaged.
func (m Misuse) Culprit() Stack {
	if m.Late != nil {
		return m.Late
	}
	return m.Get
}

// String returns a line that says what happened, and the stacks below it.
func (m Misuse) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "pool %s: %s", cmp.Or(m.Pool, "without a name"), m.summary())
	for what, at := range m.Stacks() {
		fmt.Fprintf(&b, "\n%s:\n%s", what, at)
	}
	return b.String()
}

func (m Misuse) summary() string {
	s := m.Kind.String() + ": " + m.Kind.Description()
	if m.Detail != "" {
		s += ": " + m.Detail
	}
	if m.Size > 0 {
		s += fmt.Sprintf(" (%d bytes)", m.Size)
	}
	return s
}

// latePlaces says what was done at Misuse.Late, by kind; for the others it was the wrong Put.
var latePlaces = map[MisuseKind]string{
	MisuseDouble: "given back again by",
	MisuseConfig: "found in",
	MisuseWrite:  "used by",
}

// Stacks yields the stacks that are known, in the order of events, each after what
// was done there: "taken by", "given back again by".
func (m Misuse) Stacks() iter.Seq2[string, Stack] {
	wrongly := cmp.Or(latePlaces[m.Kind], "given back wrongly by")
	put := m.Put
	if m.Kind == MisuseSuffix {
		put = nil // it is the wrong one
	}
	return func(yield func(what string, at Stack) bool) {
		for _, s := range []struct {
			what string
			at   Stack
		}{{"taken by", m.Get}, {"given back by", put}, {wrongly, m.Late}} {
			if s.at != nil && !yield(s.what, s.at) {
				return
			}
		}
	}
}

// LogMisuse returns an observer that logs every misuse as a warning, with the stacks
// as attributes:
//
//	pool.Default.OnMisuse(pool.LogMisuse(slog.Default()))
func LogMisuse(l *slog.Logger) func(Misuse) {
	return func(m Misuse) {
		attrs := []slog.Attr{
			slog.String("pool", m.Pool),
			slog.String("kind", m.Kind.String()),
			slog.Int64("size", m.Size),
			slog.String("at", m.Culprit().Site()),
		}
		for what, at := range m.Stacks() {
			attrs = append(attrs, slog.String(strings.ReplaceAll(what, " ", "_"), at.String()))
		}
		l.LogAttrs(context.Background(), slog.LevelWarn, "pool: "+m.summary(), attrs...)
	}
}

// Stack is a list of program counters as runtime.Callers returns them, innermost
// first.
type Stack []uintptr

// module is this package's import path, under which the others lie.
var module = reflect.TypeFor[Misuse]().PkgPath()

// ownFrames are prefixes of function names. Frames drops them from the top of a
// stack, which then begins with the caller at fault.
var ownFrames = []string{"runtime.", module + "/strategies.", module + "/internal/"}

// Frames returns the stack's frames, innermost first, beginning with the function
// that called the pool.
func (s Stack) Frames() []runtime.Frame {
	var out []runtime.Frame
	frames := runtime.CallersFrames(s)
	for {
		f, more := frames.Next()
		if f.PC != 0 && (len(out) > 0 || !isOwn(f.Function)) {
			out = append(out, f)
		}
		if !more {
			return out
		}
	}
}

func isOwn(function string) bool {
	return slices.ContainsFunc(ownFrames, func(prefix string) bool { return strings.HasPrefix(function, prefix) })
}

// Site returns the place that called the pool, as file:line.
func (s Stack) Site() string {
	frames := s.Frames()
	if len(frames) == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%s:%d", frames[0].File, frames[0].Line)
}

// String returns two lines for each function, its name and its place, as in a
// goroutine's trace.
func (s Stack) String() string {
	var b strings.Builder
	for _, f := range s.Frames() {
		fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
