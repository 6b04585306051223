package main

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"
)

// row is all runs of one scenario under one setting, by pool.
type row struct {
	*scenario
	setting string
	runs    map[string][]outcome
}

func (r *row) String() string { return r.name + ", GOMEMLIMIT=" + r.env(r.setting) }

// kept is a run on a line of the results' file.
type kept struct {
	Build, Scenario, Setting, Pool string
	When                           time.Time
	Outcome                        outcome
}

// store is a file of results, to which every run is appended, so that hours of
// them survive an interruption. Runs of another build of this program do not count.
type store struct {
	path  string // "" for no file
	build string
}

// build identifies this program: the library, the lab and the compiler.
func build() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(self)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)[:6]), err
}

// load fills rows with what was measured before, and returns how many runs of
// other builds it left out.
func (s *store) load(rows []row) (strange int, err error) {
	f, err := os.Open(s.path)
	if s.path == "" || errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	lines, read := bufio.NewReader(f), int64(0)
	for number := 1; ; number++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return strange, os.Truncate(s.path, read) // a line without an end was cut short
		}
		read += int64(len(text))
		var k kept
		if err = cmp.Or(err, json.Unmarshal(text, &k)); err != nil {
			return strange, fmt.Errorf("pressure: %s: line %d: %w", s.path, number, err)
		}
		if k.Build != s.build {
			strange++
			continue
		}
		if i := slices.IndexFunc(rows, func(r row) bool { return r.name == k.Scenario && r.setting == k.Setting }); i >= 0 {
			rows[i].runs[k.Pool] = append(rows[i].runs[k.Pool], k.Outcome)
		}
	}
}

func (s *store) add(r *row, pool string, o *outcome) error {
	if s.path == "" {
		return nil
	}
	line, err := json.Marshal(kept{s.build, r.name, r.setting, pool, time.Now().UTC().Truncate(time.Second), *o})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(s.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}
