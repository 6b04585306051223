package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/otelpool/pool/internal/cgroup"
)

// setting is what the service runs under.
type setting struct {
	name  string
	env   string // GOMEMLIMIT
	heap  int64  // that the program's own heap grows by
	burst int64  // bytes that a burst holds
	group int64  // limit of the control group; 0 for none
}

const groupLimit = 256 * mib

var (
	withLimit    = setting{name: "GOMEMLIMIT=230MiB, heap grows by 150 MiB", env: "230MiB", heap: 150 * mib, burst: 160 * mib, group: groupLimit}
	withoutLimit = setting{name: "GOMEMLIMIT=off, heap grows by 80 MiB", env: "off", heap: 80 * mib, burst: 160 * mib, group: groupLimit}
)

// outcome is one run.
type outcome struct {
	labResult
	Died string // how; "" if it did not
	Peak int64  // most memory the group used; 0 if there was none
	log  string // what the controller decided
}

// table is all runs under one setting, by pool.
type table struct {
	setting
	names []string
	runs  map[string][]outcome
}

type driver struct {
	runs, others int
	verbose      bool
	noGroup      bool
	short        bool // what is judged is who survives, in the best of a few tries
	progress     io.Writer
	plan         plan
}

// measure runs every pool under every setting.
func (d *driver) measure(ctx context.Context, names []string) ([]table, error) {
	settings, err := d.settings()
	if err != nil {
		return nil, err
	}
	var tables []table
	for _, s := range settings {
		t := table{setting: s, names: names, runs: map[string][]outcome{}}
		if err := d.fill(ctx, &t); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// settings are those that this machine allows.
func (d *driver) settings() ([]setting, error) {
	err := errors.New("-nogroup")
	if !d.noGroup {
		var g *cgroup.Group
		if g, err = cgroup.New(groupLimit); err == nil {
			return []setting{withLimit, withoutLimit}, g.Remove()
		}
	}
	fmt.Fprintf(d.progress, "no control group: %v\nskipped: %s\n", err, withoutLimit.name)
	alone := withLimit
	alone.name, alone.group = alone.name+", no control group", 0
	return []setting{alone}, nil
}

// fill takes turns, so that what else the machine does meets all pools alike.
func (d *driver) fill(ctx context.Context, t *table) error {
	for i := range max(d.runs, d.others) {
		for _, name := range t.names {
			if name == adaptivePool && i >= d.runs || name != adaptivePool && i >= d.others {
				continue
			}
			o, err := d.once(ctx, t.setting, name)
			if err != nil {
				return fmt.Errorf("pressure: %s, %s: %w", t.name, name, err)
			}
			t.runs[name] = append(t.runs[name], o)
			d.say(t.setting, name, i, &o)
		}
	}
	return nil
}

func (d *driver) say(s setting, name string, i int, o *outcome) {
	fmt.Fprintf(d.progress, "%-9s %s #%d: %s\n", name, s.env, i+1, o)
	if d.verbose {
		fmt.Fprint(d.progress, o.log)
	}
}

// once runs the service in a group of its own.
func (d *driver) once(ctx context.Context, s setting, name string) (o outcome, err error) {
	self, err := os.Executable()
	if err != nil {
		return o, err
	}
	p := d.plan
	p.Pool, p.Heap, p.BurstBytes = name, s.heap, s.burst
	encoded, err := json.Marshal(p)
	if err != nil {
		return o, err
	}
	args := []string{"-lab", string(encoded)}
	if s.group == 0 {
		return finish(exec.CommandContext(ctx, self, args...), s, nil)
	}
	g, err := cgroup.New(s.group)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, g.Remove()) }()
	return finish(g.Command(ctx, self, args...), s, g)
}

// finish runs the command and reads its result, or how it died.
func finish(cmd *exec.Cmd, s setting, g *cgroup.Group) (o outcome, err error) {
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	cmd.Env = append(os.Environ(), "GOMEMLIMIT="+s.env, "GOGC=100", "GOMAXPROCS=2")
	failed := cmd.Run()
	o.log = complaints.String()
	if g != nil {
		kills, err := g.OOMKills()
		if err != nil {
			return o, err
		}
		if o.Peak, err = g.Peak(); err != nil {
			return o, err
		}
		if kills > 0 {
			o.Died = "OOM-killed"
			return o, nil
		}
	}
	if failed != nil {
		return o, fmt.Errorf("%w: %s", failed, strings.TrimSpace(complaints.String()))
	}
	err = json.Unmarshal(out.Bytes(), &o.labResult)
	o.used(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime())
	return o, err
}
