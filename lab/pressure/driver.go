package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/otelpool/pool/internal/cgroup"
)

// outcome is one run.
type outcome struct {
	labResult
	Died      string  // how the service did; "" if it did not
	Neighbour string  // how the neighbour did
	Peak      int64   // most memory the group used; 0 if there was none
	Stalled   float64 // share of the run in which a task of the machine waited for memory
	recorded
}

func (o *outcome) survived() bool { return o.Died == "" && o.Neighbour == "" }

// driver runs scenarios.
type driver struct {
	noGroup  bool
	progress io.Writer
	budget   int64  // instead of the scenario's; below 0 for that
	keep     string // directory for recordings; "" keeps none
}

const killed = "OOM-killed"

// once runs a scenario in a group of its own.
func (d *driver) once(ctx context.Context, s *scenario, setting, pool string) (o outcome, err error) {
	var g *cgroup.Group
	if !d.noGroup {
		if g, err = cgroup.New(s.limit); err != nil {
			return o, err
		}
		defer func() { err = errors.Join(err, g.Remove()) }()
	}
	dir, err := os.MkdirTemp("", "otelpool-pressure-")
	if err != nil {
		return o, err
	}
	defer os.RemoveAll(dir)
	p := s.lived(setting)
	p.Pool, p.Dir = pool, dir
	if d.budget >= 0 {
		p.Budget = d.budget
	}
	t := trial{scenario: s, group: g, service: command(ctx, g, "-lab", p)}
	t.service.Env = append(os.Environ(), "GOMEMLIMIT="+s.env(setting), "GOGC=100", "GOMAXPROCS=2")
	if err := t.live(ctx, &o); err != nil {
		return o, err
	}
	if pool == ours {
		o.recorded = readControl(dir, t.changed, o.Died != "")
		err = d.kept(dir, s, setting)
	}
	return o, err
}

// kept packs what the controller saw and decided where it is kept.
func (d *driver) kept(dir string, s *scenario, setting string) error {
	if d.keep == "" {
		return nil
	}
	name := fmt.Sprintf("%s/%s-%s-%d.", d.keep, s.name, setting, time.Now().UnixMilli())
	return errors.Join(pack(name+recordingFile, dir+"/"+recordingFile), pack(name+decisionsFile, dir+"/"+decisionsFile))
}

// packed is the end of the names of files that are compressed.
const packed = ".gz"

func pack(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return writePacked(to, text)
}

func writePacked(name string, text []byte) error {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name+packed, b.Bytes(), 0o644)
}

func readPacked(name string) ([]byte, error) {
	f, err := os.Open(name + packed)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return io.ReadAll(r)
}

// command is this program in another role.
func command(ctx context.Context, g *cgroup.Group, role string, of any) *exec.Cmd {
	encoded, err := json.Marshal(of)
	if err != nil {
		panic(err) // plain data
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	if g == nil {
		return exec.CommandContext(ctx, self, role, string(encoded))
	}
	return g.Command(ctx, self, role, string(encoded))
}

// trial is a scenario that is under way.
type trial struct {
	*scenario
	group   *cgroup.Group // nil for none
	service *exec.Cmd
	changed []changed
}

// changed is a limit that the group was given.
type changed struct {
	at  time.Time
	max int64
}

// live starts what there is, waits for its end and reads what it left.
func (t *trial) live(ctx context.Context, o *outcome) error {
	var out, complaints, neighbours bytes.Buffer
	t.service.Stdout, t.service.Stderr = &out, &complaints
	stalledBefore, start := stalledTotal(), time.Now()
	neighbour, end, err := t.startNeighbour(ctx, &neighbours)
	if err != nil {
		return err
	}
	if err := t.service.Start(); err != nil {
		return errors.Join(err, end())
	}
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	var changing error
	all.Go(func() { changing = t.change(ctx, start) })
	failed := t.service.Wait()
	stop()
	all.Wait()
	o.Stalled = (stalledTotal() - stalledBefore).Seconds() / time.Since(start).Seconds()
	if neighbour != nil {
		o.Neighbour, err = fate(neighbour.Wait(), &neighbours)
	}
	if err = errors.Join(err, end(), changing, t.peak(o)); err != nil {
		return err
	}
	if o.Died, err = fate(failed, &complaints); err != nil || o.Died != "" {
		return err
	}
	err = json.Unmarshal(out.Bytes(), &o.labResult)
	o.used(t.service.ProcessState.UserTime() + t.service.ProcessState.SystemTime())
	return err
}

func (t *trial) peak(o *outcome) (err error) {
	if t.group != nil {
		o.Peak, err = t.group.Peak()
	}
	return err
}

// startNeighbour starts it in its group; end removes a group of its own.
func (t *trial) startNeighbour(ctx context.Context, complaints io.Writer) (n *exec.Cmd, end func() error, err error) {
	end = func() error { return nil }
	if t.neighbour == nil {
		return nil, end, nil
	}
	g := t.group
	if t.neighbour.Elsewhere > 0 && g != nil {
		if g, err = cgroup.New(t.neighbour.Elsewhere); err != nil {
			return nil, end, err
		}
		end = g.Remove
	}
	n = command(ctx, g, "-neighbour", t.neighbour)
	n.Stderr = complaints
	if err := n.Start(); err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return n, end, nil
}

// change gives the group its new limits in time.
func (t *trial) change(ctx context.Context, start time.Time) error {
	for _, c := range t.changes {
		if t.group == nil || !waitUntil(ctx, start.Add(c.After)) {
			return nil
		}
		if c.High > 0 {
			if err := t.group.SetHigh(c.High); err != nil {
				return err
			}
		}
		if c.Max > 0 {
			at := time.Now()
			if err := t.group.SetLimit(c.Max); err != nil {
				return err
			}
			t.changed = append(t.changed, changed{at, c.Max})
		}
	}
	return nil
}

// fate tells how a process ended: by itself, killed by the kernel, or by a
// mistake of ours.
func fate(failed error, complaints *bytes.Buffer) (died string, err error) {
	exit, ok := errors.AsType[*exec.ExitError](failed)
	switch {
	case failed == nil:
		return "", nil
	case ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
		return killed, nil
	}
	return "", fmt.Errorf("%w: %s", failed, strings.TrimSpace(complaints.String()))
}

// stalledTotal is how long tasks of this machine have waited for memory, in all.
func stalledTotal() (total time.Duration) {
	text, err := os.ReadFile("/proc/pressure/memory")
	_, micros, ok := strings.Cut(string(text), "total=")
	if err != nil || !ok {
		return 0
	}
	var n int64
	if _, err := fmt.Sscan(micros, &n); err != nil || n > math.MaxInt64/1000 {
		return 0
	}
	return time.Duration(n) * time.Microsecond
}
