package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress prints how far the replays are: to a terminal all the time, to
// others now and then.
type progress struct {
	mu    sync.Mutex
	out   io.Writer
	live  bool // a terminal
	title string
	done  int
	total int
	last  time.Time
	shown bool
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out, last: time.Now()}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.live = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

func (p *progress) begin(title string, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.title, p.done, p.total = title, 0, total
}

// step counts one more replay as done.
func (p *progress) step(policy, trace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	every := 10 * time.Second
	if p.live {
		every = 100 * time.Millisecond
	}
	if time.Since(p.last) < every {
		return
	}
	p.last, p.shown = time.Now(), true
	line := fmt.Sprintf("poolsim: %s: %d of %d replays (%s on %s)", p.title, p.done, p.total, policy, trace)
	if p.live {
		fmt.Fprintf(p.out, "\r\x1b[K%s", line)
	} else {
		fmt.Fprintln(p.out, line)
	}
}

// end clears the line.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live && p.shown {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
