package signals

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// parseBytes reads a limit or a usage: a decimal number, or "max". The first
// control groups have no "max": their largest number, which depends on the page
// size, is taken for it.
func parseBytes(text []byte) (int64, error) {
	if string(text) == "max" {
		return NoLimit, nil
	}
	n, rest := leadingNumber(text)
	if len(text) == 0 || len(rest) > 0 {
		return 0, fmt.Errorf("%q is no number of bytes", clip(text))
	}
	if n >= 1<<62 {
		return NoLimit, nil
	}
	return int64(n), nil
}

// leadingNumber reads digits; what does not fit is the largest number.
func leadingNumber(text []byte) (n uint64, rest []byte) {
	for len(text) > 0 && '0' <= text[0] && text[0] <= '9' {
		n = min(n, (1<<64-10)/10)*10 + uint64(text[0]-'0')
		text = text[1:]
	}
	return n, text
}

// field finds the number behind a key in a file of "key number" lines. Lines are
// looked for from the top: keys that stand early are cheap.
func field(text []byte, key string) (n int64, found bool, err error) {
	value, found := valueOf(text, key, ' ')
	if !found {
		return 0, false, nil
	}
	n, err = parseBytes(value)
	return n, err == nil, err
}

// meminfo is the bytes of a key of /proc/meminfo, which counts in KiB, or 0.
func meminfo(text []byte, key string) int64 {
	value, _ := valueOf(text, key, ':')
	kib, _ := leadingNumber(bytes.TrimLeft(value, " "))
	return int64(min(kib, uint64(NoLimit>>10))) << 10
}

// valueOf is the rest of the line that begins with a key and the byte after it.
func valueOf(text []byte, key string, then byte) (value []byte, found bool) {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, newline)
		text = rest
		if len(line) > len(key) && line[len(key)] == then && string(line[:len(key)]) == key {
			return line[len(key)+1:], true
		}
	}
	return nil, false
}

var newline = []byte{'\n'}

// stall is one line of a PSI file.
type stall struct {
	avg10 float64       // share of the last ten seconds: 0 to 1
	total time.Duration // since the machine started
}

// parsePSI reads "some avg10=0.12 avg60=0.05 avg300=0.01 total=12345" and the
// same for full.
func parsePSI(text []byte) (some, full stall, err error) {
	first, rest, _ := bytes.Cut(text, newline)
	second, _, _ := bytes.Cut(rest, newline)
	if some, err = parseStall(first, "some avg10="); err == nil {
		full, err = parseStall(second, "full avg10=")
	}
	return some, full, err
}

func parseStall(line []byte, prefix string) (stall, error) {
	bad := func() (stall, error) {
		return stall{}, fmt.Errorf("%q is no %q line of a pressure file", clip(line), prefix)
	}
	rest, ok := bytes.CutPrefix(line, []byte(prefix))
	if !ok {
		return bad()
	}
	percent, rest := leadingNumber(rest)
	if len(rest) < 4 || rest[0] != '.' || percent > 100 {
		return bad()
	}
	hundredths, tail := leadingNumber(rest[1:3])
	_, total, ok := bytes.Cut(rest, []byte(" total="))
	if len(tail) > 0 || !ok {
		return bad()
	}
	micros, tail := leadingNumber(total)
	if len(tail) > 0 || micros > uint64(NoLimit)/1000 {
		return bad()
	}
	return stall{
		avg10: min(float64(percent*100+hundredths)/1e4, 1),
		total: time.Duration(micros) * time.Microsecond,
	}, nil
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
		line = strings.TrimSuffix(line, "\n")
		id, rest, ok := strings.Cut(line, ":")
		controllers, path, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 || !strings.HasPrefix(path, "/") {
			return groups{}, fmt.Errorf("%q is no line of ID:CONTROLLERS:PATH", clip(line))
		}
		switch {
		case id == "0" && controllers == "":
			g.unified = path
		case hasOption(controllers, "memory"):
			g.memory = path
		}
	}
	return g, nil
}

// mount is one place where a tree of control groups can be seen.
type mount struct {
	root    string // the group that is seen at its top
	point   string // where
	unified bool
	memory  bool
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
		m := mount{root: unescape(where[3]), point: unescape(where[4])}
		m.unified = what[0] == "cgroup2"
		m.memory = what[0] == "cgroup" && hasOption(what[2], "memory")
		if m.unified || m.memory {
			mounts = append(mounts, m)
		}
	}
	return mounts
}

func hasOption(list, option string) bool {
	for o := range strings.SplitSeq(list, ",") {
		if o == option {
			return true
		}
	}
	return false
}

// unescape undoes what the kernel does to blanks, tabs, newlines and backslashes
// in paths: a backslash and three octal digits.
func unescape(path string) string {
	if !strings.Contains(path, `\`) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if c, ok := octal(path[i:]); ok {
			b.WriteByte(c)
			i += 3
		} else {
			b.WriteByte(path[i])
		}
	}
	return b.String()
}

func octal(s string) (byte, bool) {
	if len(s) < 4 || s[0] != '\\' {
		return 0, false
	}
	var n int
	for _, c := range []byte(s[1:4]) {
		if c < '0' || c > '7' {
			return 0, false
		}
		n = n*8 + int(c-'0')
	}
	return byte(n), n <= 0xff
}

// under is what leads from a mount's root to a group below it. A group outside,
// which a process in a namespace of its own sees as "/../…", is below nothing.
func under(root, path string) (below string, ok bool) {
	below, ok = strings.CutPrefix(path, strings.TrimSuffix(root, "/"))
	if !ok || below != "" && below[0] != '/' || strings.Contains(below+"/", "/../") {
		return "", false
	}
	return strings.Trim(below, "/"), true
}

// clip keeps a message short whatever a file holds.
func clip[T ~string | ~[]byte](text T) string {
	if len(text) > 60 {
		return string(text[:60]) + "…"
	}
	return string(text)
}
