package signals

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "268435456": 256 << 20, "max": NoLimit,
		"9223372036854771712": NoLimit, "9223372036854710272": NoLimit, // first version, 4 and 64 KiB pages
		"18446744073709551615": NoLimit, "99999999999999999999999999": NoLimit,
	} {
		if got, err := parseBytes([]byte(text)); got != want || err != nil {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "-1", "+1", "1 ", "MAX", "max ", "0x10", "1.5", "1k", "\x00"} {
		if got, err := parseBytes([]byte(text)); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}

func FuzzParseBytes(f *testing.F) {
	f.Add("268435456")
	f.Add("max")
	f.Add("18446744073709551616")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseBytes([]byte(text))
		want, wantErr := strconv.ParseUint(text, 10, 64)
		switch {
		case err != nil:
			if wantErr == nil || text == "max" {
				t.Errorf("%q: %v", text, err)
			}
		case got == NoLimit:
			if wantErr == nil && want < 1<<62 {
				t.Errorf("%q is no limit", text)
			}
		case wantErr != nil || uint64(got) != want:
			t.Errorf("%q is %d, want %d, %v", text, got, want, wantErr)
		}
	})
}

func FuzzPairs(f *testing.F) {
	f.Add("anon 1\ninactive_file 2\n", "inactive_file")
	f.Add("inactive_file", "inactive_file")
	f.Add("\n\n x \ninactive_file  3", "inactive_file")
	f.Fuzz(func(t *testing.T, text, key string) {
		found, back := false, ""
		for k, value := range pairs([]byte(text)) {
			found = found || string(k) == key
			back += string(k) + " " + string(value) + "\n"
			if strings.ContainsAny(string(k), " \n") || strings.Contains(string(value), "\n") {
				t.Fatalf("key %q, value %q", k, value)
			}
		}
		if strings.ContainsAny(key, " \n") || key == "" {
			return
		}
		if has := strings.Contains("\n"+back, "\n"+key+" "); has != found {
			t.Errorf("%q in %q: found %t", key, text, found)
		}
		if has := strings.Contains("\n"+text, "\n"+key+" "); has && !found {
			t.Errorf("%q in %q is not found", key, text)
		}
	})
}

func FuzzParsePSI(f *testing.F) {
	f.Add(calm)
	f.Add(stalls(12345, 678))
	f.Add("some avg10=99.99 avg60=1.00 avg300=0.00 total=18446744073709551615\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n")
	f.Add("some avg10=1.2 total=")
	f.Fuzz(func(t *testing.T, text string) {
		some, full, err := parsePSI([]byte(text))
		for _, s := range []stall{some, full} {
			if s.avg10 < 0 || s.avg10 > 1 || s.total < 0 || s.total%time.Microsecond != 0 {
				t.Errorf("%q gives %+v", text, s)
			}
		}
		if err == nil && !strings.HasPrefix(text, "some avg10=") {
			t.Errorf("%q is taken for a pressure file", text)
		}
	})
}

func FuzzParseGroups(f *testing.F) {
	f.Add("4:memory:/a\n0::/b\n")
	f.Add("0::/../x (deleted)\n")
	f.Add("1:name=systemd:/\n:::\n")
	f.Fuzz(func(t *testing.T, text string) {
		g, err := parseGroups(text)
		if err != nil && g != (groups{}) {
			t.Errorf("%q: %+v beside %v", text, g, err)
		}
		for _, path := range []string{g.memory, g.unified} {
			if path != "" && path[0] != '/' {
				t.Errorf("%q: group %q", text, path)
			}
		}
	})
}

func FuzzParseMounts(f *testing.F) {
	f.Add(rootMount+unifiedMount+memoryMount, "/a/b")
	f.Add(`30 1 0:22 /a\040b /mnt/\134x ro - cgroup2 cgroup rw`, "/a b/c")
	f.Add("30 1 0:22 /.. /x ro - cgroup2 cgroup rw", "/../y")
	f.Add("30 1 0:22 / /x", "/")
	f.Fuzz(func(t *testing.T, text, path string) {
		for _, m := range parseMounts(text) {
			if m.version != 1 && m.version != 2 {
				t.Errorf("%q: %+v is of no version", text, m)
			}
			below, ok := under(m.root, path)
			if !ok {
				continue
			}
			if strings.Contains("/"+below+"/", "/../") {
				t.Errorf("group %q under root %q leads out of the mount: %q", path, m.root, below)
			}
			if back := strings.Trim(strings.TrimSuffix(m.root, "/")+"/"+below, "/"); back != strings.Trim(path, "/") &&
				!strings.Contains(path, "//") &&
				!strings.Contains(m.root, "//") {
				t.Errorf("root %q and %q below it make %q, not %q", m.root, below, back, path)
			}
		}
	})
}
