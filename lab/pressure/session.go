package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"

	"github.com/otelpool/pool/internal/cgroup"
)

// session is one call of the program: rows, and how often each is run.
type session struct {
	driver
	store
	out    io.Writer
	length length
	rows   []row
	pools  []string
	runs   map[string]int // by pool
	times  bool           // are judged
	slow   bool           // machine: what depends on its speed is not judged
	closer bool           // looks closer at what is broken
}

func newSession(o *options, out, progress io.Writer) (*session, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s := &session{out: out, length: quick, times: !o.survivals, slow: o.survivals}
	s.driver = driver{noGroup: o.noGroup, progress: progress, keep: o.keep, budget: o.budget}
	s.pools = []string{unlimited, gcSized, ours}
	many, few := 1, 1
	switch {
	case o.short:
		s.length, s.times, s.pools = short, false, []string{ours}
	case o.full:
		s.length, s.pools, many, few = full, poolNames(), 10, 2
	}
	if len(o.pools) > 0 {
		s.pools = o.pools
	}
	s.closer = o.full || o.survivals || len(o.scenarios)+len(o.settings)+len(o.pools)+o.runs == 0
	many, few = orDefault(o.runs, many), orDefault(o.others, few)
	s.runs = map[string]int{unlimited: many, gcSized: many, ours: many, capped: few, none: few}
	s.choose(o)
	if s.store.path = o.results; s.path == "" {
		return s, nil
	}
	var err error
	if s.build, err = build(); err != nil {
		return nil, err
	}
	strange, err := s.load(s.rows)
	if strange > 0 {
		fmt.Fprintf(progress, "%s: %d runs are of other builds of this program and do not count\n", s.path, strange)
	}
	return s, err
}

// choose makes the rows of what this machine allows, and names what it skips.
func (s *session) choose(o *options) {
	version, why := s.groups()
	if s.noGroup {
		fmt.Fprintf(s.progress, "no control group: %v\n", why)
	}
	for _, sc := range chosen(o.scenarios, s.length) {
		lacks := ""
		switch {
		case s.noGroup && sc.name != "heap":
			lacks = "a control group"
		case sc.second && version != 2:
			lacks = "control groups of the second version"
		case sc.disk && !onDisk(os.TempDir()):
			lacks = "temporary files on a disk, and " + os.TempDir() + " is in memory"
		}
		for _, setting := range settings {
			if len(o.settings) > 0 && !slices.Contains(o.settings, setting) {
				continue
			}
			r := row{scenario: &sc, setting: setting, runs: map[string][]outcome{}}
			if s.noGroup && setting == "off" && lacks == "" {
				lacks = "a control group"
			}
			if lacks != "" {
				fmt.Fprintf(s.progress, "skipped: %s: needs %s\n", &r, lacks)
				continue
			}
			s.rows = append(s.rows, r)
		}
	}
}

// groups is the version of the groups that can be made here, or why none can.
func (s *session) groups() (version int, why error) {
	if s.noGroup {
		return 0, errors.New("-nogroup")
	}
	g, err := cgroup.New(groupLimit)
	if err == nil {
		version, err = g.Version, g.Remove()
	}
	s.noGroup = err != nil
	return version, err
}

// measureAndJudge runs what is missing, prints, and says what promise was broken.
func (s *session) measureAndJudge(ctx context.Context) error {
	fmt.Fprintf(s.out, "%s %s/%s, %d CPUs\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	if err := s.fill(ctx, s.rows, s.pools, s.runs); err != nil {
		return err
	}
	printTable(s.out, s.rows, poolNames())
	findings := s.judge()
	if s.closer {
		var err error
		if findings, err = s.again(ctx, findings); err != nil {
			return err
		}
	}
	errs := make([]error, len(findings))
	for i, f := range findings {
		errs[i] = f
	}
	return errors.Join(errs...)
}

func (s *session) judge() (findings []finding) {
	for i := range s.rows {
		if len(s.rows[i].runs[ours]) > 0 {
			findings = append(findings, s.rows[i].judge(s.times, s.slow)...)
		}
	}
	return findings
}

// fill takes turns, so that what else the machine does meets all pools alike.
func (s *session) fill(ctx context.Context, rows []row, pools []string, runs map[string]int) error {
	for i := range slices.Max(append([]int{0}, values(pools, runs)...)) {
		for j := range rows {
			for _, name := range pools {
				if r := &rows[j]; i < runs[name] && i >= len(r.runs[name]) {
					if err := s.run(ctx, r, name); err != nil {
						return fmt.Errorf("pressure: %s, %s: %w", r, name, err)
					}
				}
			}
		}
	}
	return nil
}

func values(keys []string, m map[string]int) (v []int) {
	for _, k := range keys {
		v = append(v, m[k])
	}
	return v
}

func (s *session) run(ctx context.Context, r *row, pool string) error {
	o, err := s.once(ctx, r.scenario, r.setting, pool)
	if err != nil {
		return err
	}
	r.runs[pool] = append(r.runs[pool], o)
	fmt.Fprintf(s.progress, "%s: %-9s #%d: %s\n", r, pool, len(r.runs[pool]), &o)
	return s.add(r, pool, &o)
}

const (
	more  = 20 // runs that a difference of one run is looked at with
	tries = 3  // of what depends on the machine's other work, before it counts
)

// again looks closer at rows that are broken. The full table adds runs where
// there is a doubt. A shorter one measures broken rows anew, for one run says
// little, unless so many broke that it is no accident.
func (s *session) again(ctx context.Context, found []finding) ([]finding, error) {
	for try := 1; len(found) > 0 && try < tries; try++ {
		rows := broken(found, s.length == full)
		if len(rows) == 0 || s.length != full && len(rows) > 3 {
			return found, nil
		}
		runs := map[string]int{unlimited: 1, gcSized: 1, ours: 1}
		for i := range rows {
			fmt.Fprintf(s.out, "\nonce more: %s\n", &rows[i])
			if s.length != full {
				clear(rows[i].runs)
			}
		}
		if s.length == full {
			try = tries
			runs = map[string]int{unlimited: 10 + more, gcSized: 10 + more, ours: 10 + more}
		}
		if err := s.fill(ctx, rows, []string{unlimited, gcSized, ours}, runs); err != nil {
			return found, err
		}
		printTable(s.out, rows, poolNames())
		found = s.judge()
	}
	return found, nil
}

// broken are the rows of findings: all, or those with a doubt.
func broken(findings []finding, doubtful bool) (rows []row) {
	seen := map[string]bool{}
	for _, f := range findings {
		if (f.doubtful || !doubtful) && !seen[f.row.String()] {
			seen[f.row.String()] = true
			rows = append(rows, *f.row)
		}
	}
	return rows
}
