package poollint_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// raced has what the race detector reports of the programs. It reports a pair of stacks
// once, and two Puts of the same have the same ones, their ghosts': so of double Puts it
// has the first.
var raced = map[string][]string{
	"useafterput":    {"use after Put"},
	"doubleput":      {"double Put"},
	"returnedandput": {"returned and put"},
}

// ghostOfPut is where a ghost starts, in the innermost of the calls of Put.
var ghostOfPut = regexp.MustCompile(`created at:\n.*\.Put\(\)\n`)

// raceNames reports whether a report says that memory was put, and where: of a double Put
// both places.
func raceNames(report, kind string) bool {
	puts := 1
	if kind == "double Put" {
		puts = 2
	}
	return strings.Contains(report, "raceghost.memoryWasPutBackToItsPool()") && len(ghostOfPut.FindAllString(report, -1)) == puts
}

// racePrograms is what the race detector says of the programs in raced and of their mended
// forms. They are no tests, but the report is the same.
func racePrograms(t *testing.T) map[string]string {
	t.Helper()
	reports := make(map[string]string)
	for dir := range raced {
		for _, dir := range []string{dir, dir + "/mended"} {
			if report := raceProgram(t, dir); report != "" {
				reports[dir] = report
			}
		}
	}
	return reports
}

func raceProgram(t *testing.T, dir string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-race", "-o", program, "./"+programs+"/"+dir)
	build.Dir, build.Env = repository, append(os.Environ(), "GOWORK=off", "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program)
	run.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", "OTELPOOL_RACE_GHOSTS=")
	out, err := run.CombinedOutput()
	report := raceReport(string(out))
	if (err != nil) != (report != "") {
		t.Fatalf("%s: %v\n%s", dir, err, out)
	}
	return report
}

var (
	raceBlock = regexp.MustCompile(`(?ms)^WARNING: DATA RACE\n(.*?)^={18}$`)
	raceFrame = regexp.MustCompile(`^  ([^ ]+\(\))\n      (\S+) \+0x[0-9a-f]+\n`)
	raceNoise = regexp.MustCompile(` \((?:running|finished)\)`)
	raceWhere = regexp.MustCompile(`0x[0-9a-f]+`)
	raceWho   = regexp.MustCompile(`(?i)goroutine \d+`)
)

// raceReport is the lines of reports that say who did it, without what differs from run
// to run and with the library.
func raceReport(out string) string {
	var b strings.Builder
	for _, block := range raceBlock.FindAllStringSubmatch(out, -1) {
		b.WriteString("WARNING: DATA RACE\n")
		number := numbering()
		for part := range strings.SplitSeq(block[1], "\n\n") {
			head, stack, _ := strings.Cut(part, "\n")
			head = raceWhere.ReplaceAllString(raceNoise.ReplaceAllString(head, ""), "0x…")
			b.WriteString(raceWho.ReplaceAllStringFunc(head, number) + "\n" + tellingFrames(stack+"\n"))
		}
	}
	return b.String()
}

// numbering numbers goroutines as they come, from 2: main is the first.
func numbering() func(goroutine string) string {
	numbers := make(map[string]int)
	return func(goroutine string) string {
		word, id, _ := strings.Cut(goroutine, " ")
		if numbers[id] == 0 {
			numbers[id] = len(numbers) + 2
		}
		return fmt.Sprint(word, " ", numbers[id])
	}
}

// tellingFrames are those of a pool's Put, of ghosts, and the innermost of the program,
// with its place.
func tellingFrames(stack string) string {
	var b strings.Builder
	for m := raceFrame.FindStringSubmatch(stack); m != nil; m = raceFrame.FindStringSubmatch(stack) {
		stack = stack[len(m[0]):]
		name := m[1][strings.LastIndex(m[1], "/")+1:]
		switch _, place, _ := strings.Cut(filepath.ToSlash(m[2]), programs+"/"); {
		case place != "":
			fmt.Fprintf(&b, "  %s\n      %s\n", name, place)
			return b.String()
		case strings.HasPrefix(name, "raceghost.memory"), strings.HasSuffix(name, ").Put()"):
			fmt.Fprintf(&b, "  %s\n", name)
		}
	}
	return b.String()
}
