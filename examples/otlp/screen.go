package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// screen shows views: on a terminal in place, elsewhere one line each.
type screen struct {
	out   io.Writer
	width func() int // nil: not a terminal
	drawn int        // lines of the last table, to go back over
}

func newScreen(out io.Writer) *screen {
	s := &screen{out: out}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.width = func() int {
			w, _, err := term.GetSize(int(f.Fd()))
			if err != nil || w <= 0 {
				return 80
			}
			return w
		}
	}
	return s
}

func (s *screen) live() bool { return s.width != nil }

func (s *screen) show(v *view, at time.Duration) {
	if !s.live() {
		fmt.Fprintln(s.out, v.line(at))
		return
	}
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\x1b[J", s.drawn) // up, and clear from there
	}
	width := s.width()
	lines := v.table()
	for _, line := range lines {
		b.WriteString(clip(line, width))
		b.WriteByte('\n')
	}
	s.drawn = len(lines)
	fmt.Fprint(s.out, b.String())
}

// clip keeps a line from wrapping: the screen counts on a line being one.
func clip(line string, width int) string {
	if utf8.RuneCountInString(line) <= width {
		return line
	}
	return string([]rune(line)[:max(width, 0)])
}
