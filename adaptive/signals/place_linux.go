package signals

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// place is where the files of this process's control groups are.
type place struct {
	version int      // of control groups that count memory: 1 or 2
	levels  []string // their directories: the process's own group, then its ancestors as far as they can be seen
	psi     string   // the pressure file nearest to the process
	own     bool     // it is a control group's, and not the machine's
}

// systemPSI is for processes whose group has no pressure file to be seen.
const systemPSI = "/proc/pressure/memory"

// findPlace looks for the files of the process's memory control group. The
// kernel gives the memory controller to one hierarchy: where one of the first
// version has it, the unified one, which is there on hybrid systems, has not,
// but it has pressure files. A place without levels comes with the reason.
func findPlace(root string) (place, error) {
	p := place{psi: root + systemPSI}
	groupText, err := readFile(root + "/proc/self/cgroup")
	if err != nil {
		return p, err
	}
	g, err := parseGroups(string(groupText))
	if err != nil {
		return p, fmt.Errorf("%s/proc/self/cgroup: %w", root, err)
	}
	mountText, err := readFile(root + "/proc/self/mountinfo")
	if err != nil {
		return p, err
	}
	mounts := parseMounts(string(mountText))
	unified, unifiedErr := levels(root, mounts, g.unified, func(m mount) bool { return m.unified })
	if len(unified) > 0 && readable(unified[0]+"/memory.pressure") {
		p.psi = unified[0] + "/memory.pressure"
		p.own = readable(unified[0] + "/cgroup.events") // which the topmost group has not
	}
	if g.memory == "" {
		p.version, p.levels = 2, unified
		return p, unifiedErr
	}
	p.version = 1
	p.levels, err = levels(root, mounts, g.memory, func(m mount) bool { return m.memory })
	return p, err
}

// levels are the directories of a group and its ancestors. Among several mounts
// that show the group, the one that shows the most ancestors is taken; of those
// at one mount point, the last, which hides the others.
func levels(root string, mounts []mount, path string, fits func(mount) bool) ([]string, error) {
	if path == "" {
		return nil, errors.New("the process is in no control group that counts memory")
	}
	var shown []mount
	for _, m := range slices.Backward(mounts) {
		if _, ok := under(m.root, path); ok && fits(m) {
			shown = append(shown, m)
		}
	}
	slices.SortStableFunc(shown, func(a, b mount) int { return cmp.Compare(len(a.root), len(b.root)) })
	for _, m := range shown {
		below, _ := under(m.root, path)
		top := root + strings.TrimSuffix(m.point, "/")
		if dir := filepath.Join(top, below); readable(dir + "/cgroup.procs") {
			return upTo(dir, top), nil
		}
	}
	return nil, fmt.Errorf("control group %s is at no mount point that /proc/self/mountinfo lists", path)
}

// upTo is dir and its parents, up to top.
func upTo(dir, top string) []string {
	dirs := []string{dir}
	for len(dir) > len(top) {
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

func readable(path string) bool {
	f, err := openFile(path)
	f.close()
	return err == nil
}
