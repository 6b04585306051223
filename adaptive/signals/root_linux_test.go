package signals

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// root is a file system made for a test. Files are named as on a real one.
type root struct {
	*testing.T
	dir string
}

func newRoot(t *testing.T, files map[string]string) root {
	t.Helper()
	r := root{t, t.TempDir()}
	for name, text := range files {
		r.write(name, text)
	}
	return r
}

// write changes a file in place, as the kernel does: who has it open sees it.
func (r root) write(name, text string) {
	r.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		r.Fatal(err)
	}
}

// remove takes away what name is or contains.
func (r root) remove(name string) {
	r.Helper()
	if err := os.RemoveAll(filepath.Join(r.dir, name)); err != nil {
		r.Fatal(err)
	}
}

// group makes the files of a control group: its limit and usage, of which 1000
// bytes are inactive file pages and the rest the programs' own.
func (r root) group(version int, dir, limit, usage string) {
	r.Helper()
	own, err := strconv.Atoi(usage)
	if err != nil {
		r.Fatal(err)
	}
	own -= 1000
	r.write(dir+"/cgroup.procs", "1\n")
	if version == 1 {
		r.write(dir+"/memory.limit_in_bytes", limit+"\n")
		r.write(dir+"/memory.usage_in_bytes", usage+"\n")
		r.write(dir+"/memory.stat", fmt.Sprintf(
			"cache 5000\ninactive_file 7\nhierarchical_memory_limit 9223372036854771712\ntotal_rss %d\ntotal_cache "+
				"1000\ntotal_inactive_file 1000\n",
			own,
		))
		r.write(dir+"/memory.failcnt", "0\n")
		r.write(dir+"/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n")
		return
	}
	r.write(dir+"/memory.max", limit+"\n")
	r.write(dir+"/memory.high", "max\n")
	r.write(dir+"/memory.current", usage+"\n")
	r.write(dir+"/memory.stat", fmt.Sprintf("anon %d\nfile 1000\ninactive_anon 3\ninactive_file 1000\n", own))
	r.write(dir+"/memory.events.local", events(0, 0, 0, 0))
}

func events(high, limit, oom, kills int) string {
	return strings.NewReplacer("H", strconv.Itoa(high), "M", strconv.Itoa(limit), "O", strconv.Itoa(oom), "K", strconv.Itoa(kills)).
		Replace("low 0\nhigh H\nmax M\noom O\noom_kill K\noom_group_kill 0\n")
}

const calm = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"

// reader takes readings from signals under a root, with a clock of its own.
type reader struct {
	*testing.T
	s   *Process
	now time.Time
}

func (r root) reader(getenv func(string) string) *reader {
	return &reader{r.T, New(r.dir, getenv), time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)}
}

// after takes the reading of d later.
func (r *reader) after(d time.Duration) Reading {
	r.now = r.now.Add(d)
	var into Reading
	r.s.Read(r.now, &into)
	return into
}

// contains fails unless the message contains all the parts.
func contains(t *testing.T, what, message string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(message, p) {
			t.Errorf("%s: %q does not contain %q", what, message, p)
		}
	}
}
