//go:build unix

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

func started(t *testing.T, mode string) *scoped {
	t.Helper()
	s := poolscope(t, "counted", "run", ".", mode)
	s.ready(t)
	return s
}

// ready starts a program in a process group of its own, as a terminal has it, and
// waits until it says that it is ready.
func (s *scoped) ready(t *testing.T) {
	t.Helper()
	s.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	messages, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	s.Stdout, s.Stderr = w, messages
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if line, err := io.ReadAll(io.LimitReader(r, int64(len("ready\n")))); err != nil || string(line) != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	text, err := os.ReadFile(messages.Name())
	if err != nil {
		t.Fatal(err)
	}
	s.err.Write(text)
}

func (s *scoped) interrupt(t *testing.T, want int) {
	t.Helper()
	if err := syscall.Kill(-s.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = s.Wait()
	if got := s.ProcessState.ExitCode(); got != want {
		t.Errorf("exit code %d, want %d", got, want)
	}
}

func TestThePageAndTheReportAfterCtrlC(t *testing.T) {
	t.Parallel()
	s := started(t, "wait")
	url := regexp.MustCompile(`http://\S+/`).FindString(s.err.String())
	if text := get(t, url); !strings.Contains(text, "main.use main.go:") {
		t.Errorf("the page at %q has no line of the pool:\n%s", url, text)
	}
	var pools []struct {
		Type       string
		Gets, Puts int
	}
	if err := json.Unmarshal([]byte(get(t, url+"json")), &pools); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, p := range pools {
		found = found || p.Type == "*main.object" && p.Gets == 10 && p.Puts == 9
	}
	if !found {
		t.Errorf("%+v, want one of *main.object with 10 gets and 9 puts", pools)
	}
	s.interrupt(t, 128+int(syscall.SIGINT))
	if gets, _, puts, idle := s.row(t, "*main.object"); gets != 10 || puts != 9 || idle != 9 {
		t.Errorf("%d gets, %d puts, %d idle, want 10, 9, 9", gets, puts, idle)
	}
}

// A program that waits for the signal itself ends as it likes.
func TestAProgramsOwnHandlerOfCtrlCGoesOn(t *testing.T) {
	t.Parallel()
	s := started(t, "own")
	s.interrupt(t, 3)
	if gets, _, _, _ := s.row(t, "*main.object"); gets != 30 {
		t.Errorf("%d gets, want those before the signal and after it: 30", gets)
	}
}

// Who waits for a signal has often stopped when the report asks whether anybody does.
func TestAProgramThatWaitsForOneSignalAtATimeGoesOn(t *testing.T) {
	t.Parallel()
	s := poolscope(t, "counted", "run", ".", "rounds")
	s.code(t, 0)
	if gets, _, _, _ := s.row(t, "*main.object"); gets != 10 {
		t.Errorf("%d gets, want those after the signals: 10", gets)
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
