// Package child runs a program until asked to stop it, and keeps the end of its
// output, however long it runs.
package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Child is a running process. Its methods are safe for concurrent use.
type Child struct {
	Name   string
	Exited chan struct{} // closed when it is gone
	cmd    *exec.Cmd
	err    error // after Exited
	end    tail
}

// Start runs the command. It goes when this process does.
func Start(name string, cmd *exec.Cmd) (*Child, error) {
	c := &Child{Name: name, Exited: make(chan struct{}), cmd: cmd}
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = &c.end, &c.end, alone()
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go func() { // ends with the process
		c.err = cmd.Wait()
		close(c.Exited)
	}()
	return c, nil
}

// Failure says how the process ended and the last that it printed. It waits until
// it has ended.
func (c *Child) Failure() error {
	<-c.Exited
	return fmt.Errorf("%s has ended: %v: %s", c.Name, c.cmd.ProcessState, c.end.String())
}

// Ready polls a URL until it answers 200, the process ends or the context does.
func (c *Child) Ready(ctx context.Context, url string) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if healthy(ctx, url) {
			return nil
		}
		select {
		case <-c.Exited:
			return c.Failure()
		case <-ctx.Done():
			return fmt.Errorf("%s is not healthy: %s: %w: %s", c.Name, url, ctx.Err(), c.end.String())
		case <-tick.C:
		}
	}
}

func healthy(ctx context.Context, url string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// Stop asks the process to end, kills it if it takes longer than it may, and
// returns when it is gone.
func (c *Child) Stop(within time.Duration) error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	select {
	case <-c.Exited:
		return nil
	case <-time.After(within):
		c.Kill()
		return fmt.Errorf("%s did not end within %v and was killed", c.Name, within)
	}
}

// Kill ends the process as a crash would, and returns when it is gone.
func (c *Child) Kill() {
	_ = c.cmd.Process.Kill() // the error would be that it has ended
	<-c.Exited
}

// Output is the end of what it has printed.
func (c *Child) Output() string { return c.end.String() }

// Pid is the process' number.
func (c *Child) Pid() int { return c.cmd.Process.Pid }

// tail keeps the last bytes that were written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 2 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if extra := len(t.buf) - tailBytes; extra > 0 {
		t.buf = append(t.buf[:0], t.buf[extra:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.buf))
}
