package signals

import (
	"cmp"
	"errors"
	"fmt"
	"os"
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
// but it has pressure files. The groups are as /proc/self/cgroup names them. A place
// without levels comes with the reason.
func findPlace(root, groups string) (place, error) {
	p := place{psi: root + systemPSI}
	g, err := parseGroups(groups)
	if err != nil {
		return p, fmt.Errorf("%s/proc/self/cgroup: %w", root, err)
	}
	mountText, err := os.ReadFile(root + "/proc/self/mountinfo")
	if err != nil {
		return p, err
	}
	mounts := parseMounts(string(mountText))
	slices.Reverse(mounts)
	slices.SortStableFunc(mounts, func(a, b mount) int { return cmp.Compare(len(a.root), len(b.root)) })
	unified, unifiedErr := levels(root, mounts, 2, g.unified)
	if len(unified) > 0 && readable(unified[0]+"/memory.pressure") {
		p.psi = unified[0] + "/memory.pressure"
		p.own = readable(unified[0] + "/cgroup.events") // which the topmost group has not
	}
	if g.memory == "" {
		p.version, p.levels = 2, unified
		return p, unifiedErr
	}
	p.version = 1
	p.levels, err = levels(root, mounts, 1, g.memory)
	return p, err
}

// levels are the directories of a group and its ancestors, at the first mount that shows
// the group. Mounts are in order: the one that shows the most ancestors is first, and of
// those at one mount point the last, which hides the others.
func levels(root string, mounts []mount, version int, path string) ([]string, error) {
	if path == "" {
		return nil, errors.New("the process is in no control group that counts memory")
	}
	for _, m := range mounts {
		below, ok := under(m.root, path)
		top := root + strings.TrimSuffix(m.point, "/")
		if dir := filepath.Join(top, below); ok && m.version == version && readable(dir+"/cgroup.procs") {
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

// groups are the control groups of a process, as it names them.
type groups struct {
	memory  string // in the hierarchy of the first version that has the memory controller; "" for none
	unified string // in the second version's; "" for none
}

// parseGroups reads /proc/self/cgroup: lines of "ID:CONTROLLERS:PATH".
func parseGroups(text string) (groups, error) {
	var g groups
	for line := range strings.Lines(text) {
		parts := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(parts) < 3 || !strings.HasPrefix(parts[2], "/") {
			return groups{}, fmt.Errorf("%q is no line of ID:CONTROLLERS:PATH", clip(line))
		}
		switch id, controllers, path := parts[0], parts[1], parts[2]; {
		case id == "0" && controllers == "":
			g.unified = path
		case hasOption(controllers, "memory"):
			g.memory = path
		}
	}
	return g, nil
}

// mount is one place where a tree of control groups that count memory can be seen.
type mount struct {
	root    string // the group that is seen at its top
	point   string // where
	version int
}

// parseMounts reads the control groups' mounts from /proc/self/mountinfo. Lines
// that it does not understand are those of other file systems to it.
func parseMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		if !ok || len(where) < 6 || len(what) < 3 {
			continue
		}
		m := mount{root: unescape.Replace(where[3]), point: unescape.Replace(where[4])}
		switch {
		case what[0] == "cgroup2":
			m.version = 2
		case what[0] == "cgroup" && hasOption(what[2], "memory"):
			m.version = 1
		default:
			continue
		}
		mounts = append(mounts, m)
	}
	return mounts
}

func hasOption(list, option string) bool { return slices.Contains(strings.Split(list, ","), option) }

// unescape undoes what the kernel does to blanks, tabs, newlines and backslashes
// in paths.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// under is what leads from a mount's root to a group below it. A group outside,
// which a process in a namespace of its own sees as "/../…", is below nothing.
func under(root, path string) (below string, ok bool) {
	below, ok = strings.CutPrefix(path, strings.TrimSuffix(root, "/"))
	if !ok || below != "" && below[0] != '/' || strings.Contains(below+"/", "/../") {
		return "", false
	}
	return strings.Trim(below, "/"), true
}
