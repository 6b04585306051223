package histories_test

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var copies = flag.Bool("copies", false, "record of copies of the code too, some of which have a bug")

const (
	slots = "strategies/slots.go"
	store = "internal/magazine/depot.go"
	get   = "internal/magazine/get.go"
)

// planted has the copies: which test runs on them, and a piece of code and what it becomes
// there. Without one the copy yields, and has no bug.
var planted = []struct{ name, test, file, code, becomes string }{
	{"Fixed that yields", "TestFixedIsLinearizable", slots, "", ""},
	{"a head without its tag", "TestFixedIsLinearizable", slots, "head&^(s.tagUnit-1) + s.tagUnit + ", "head&^(s.tagUnit-1) + "},
	{
		"take compares, then swaps", "TestFixedIsLinearizable", slots,
		"if s.head.CompareAndSwap(head, s.next(head, below)) {\n",
		"if s.head.Load() == head {\ns.head.Store(s.next(head, below))\n",
	},
	{
		"the mark is stored", "TestFixedIsLinearizable", slots,
		"s.head.CompareAndSwap(head, s.next(head, 0)|headWaiting)", "s.head.Swap(s.next(head, 0)|headWaiting) >= 0",
	},
	{
		"who gives up leaves the answer", "TestFixedIsLinearizable", slots,
		"return <-w.answer // sent before mu was free", "return slotNone",
	},
	{"a depot that yields", "TestADepotIsLinearizable", store, "", ""},
	{
		"takeOne takes what it saw before the lock", "TestADepotIsLinearizable", store,
		"\t\td.reusedLocked(now, m.stamp, 1)\n\t\treturn d.takeFromLocked(m)\n",
		`		seen := m.slots[m.n-1]
		d.mu.Unlock()
		d.mu.Lock()
		if m = d.newest; m == nil {
			return nil, 0
		}
		_, size = d.takeFromLocked(m)
		return seen, size
`,
	},
	{"Get leaves the last", "TestADepotIsLinearizable", get, "if d.idle.Load() == 0 {", "if d.idle.Load() <= 1 {"},
	{"magazines that yield", "TestMagazinesHandNothingOutTwice", store, "", ""},
	{
		"fetch leaves what it returns", "TestMagazinesHandNothingOutTwice", get,
		"x, size := m.pop()\n", "x, size := m.pop()\nm.push(x, size)\n",
	},
}

func TestPorcupineFindsPlantedBugsAndNoOthers(t *testing.T) {
	if !*copies {
		t.Skip("compiles ten copies of the code, and tries each for up to minutes: make histories runs it")
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			rounds := "-rounds=100000" // until the bug is found
			if p.code == "" {
				rounds = "-rounds=2000"
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-vet=off", "-v", "-timeout=5m", "-run=^"+p.test+"$",
				"-overlay="+overlay(t, p.file, p.code, p.becomes), ".", "-args", rounds)
			out, err := cmd.CombinedOutput()
			found := err != nil && strings.Contains(string(out), "is not linearizable")
			if found != (p.code != "") || err != nil && !found {
				t.Errorf("found %v: %v\n%s", found, err, out)
			}
			t.Log(regexp.MustCompile(`round \d+ is not linearizable|\d+ histories of .*`).FindString(string(out)))
		})
	}
}

// step is a line with a step that other goroutines see, before which a statement may stand.
var step = regexp.MustCompile(`(?m)^\t+(?:if |return |s\.|d\.)(?:.*)\.(?:Load|Store|Swap|CompareAndSwap|Add|Lock)\(.*$`)

// overlay is a file with which the go command takes copies for the code.
func overlay(t *testing.T, file, code, becomes string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := string(source)
	if code != "" {
		if n := strings.Count(changed, code); n != 1 {
			t.Fatalf("%s has %q %d times; plant the bug anew", file, code, n)
		}
		changed = strings.Replace(changed, code, becomes, 1)
	}
	replace, dir := map[string]string{}, t.TempDir()
	write := func(path, name, content string) {
		replace[path] = filepath.Join(dir, name)
		if err := os.WriteFile(replace[path], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if file != get { // which is pinned, where nobody may yield
		changed = step.ReplaceAllString(changed, "yield()\n$0")
		write(filepath.Join(filepath.Dir(path), "yield.go"), "yield.go", yields(filepath.Base(filepath.Dir(path))))
	}
	write(path, "changed.go", changed)
	content, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	write("", "overlay.json", string(content))
	return replace[""]
}

func yields(name string) string {
	return "package " + name + `

import (
	"math/rand/v2"
	"runtime"
)

func yield() {
	if rand.IntN(4) == 0 {
		runtime.Gosched()
	}
}
`
}
