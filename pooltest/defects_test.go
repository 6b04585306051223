package pooltest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/raceflag"
	"github.com/otelpool/pool/pooltest"
)

// defect is a pool that breaks one promise.
type defect struct {
	bytes   func() pool.Bytes
	objects func() pool.Objects[int]
	claim   string // the subtest that must fail
	says    string // in its output
	race    bool   // only the race detector can tell
	crash   bool   // the process may die of it before the subtest ends
}

var defects = map[string]defect{
	"short buffers": {
		bytes: func() pool.Bytes { return new(short) },
		claim: "Get returns the length asked for", says: "Get(1048576) returned 1048575 bytes",
	},
	"rounds up on Put": {
		bytes: func() pool.Bytes { return new(roundsUp) },
		claim: "Put of a buffer from elsewhere is harmless", says: "Get(1023) returned 1000 bytes",
	},
	"twice": {
		bytes: func() pool.Bytes { return new(twice) },
		claim: "a buffer has one owner", says: "written by another owner",
	},
	"twice in a storm": {
		bytes: func() pool.Bytes { return new(twice) },
		claim: "goroutines share it", says: "written by another owner",
	},
	"neighbours": {
		bytes: func() pool.Bytes { return new(neighbours) },
		claim: "a buffer has one owner", says: "written by another owner",
	},
	"clears late": {
		bytes: func() pool.Bytes { return new(clearsLate) },
		claim: "a buffer has one owner", says: "or by the pool, while it was in use",
	},
	"prefixes shrink": {
		bytes: func() pool.Bytes { return new(shrinks) },
		claim: "Put takes a prefix", says: "returned 0 bytes",
	},
	"forgets": {
		bytes: func() pool.Bytes { return new(forgets) },
		claim: "a free buffer survives collections", crash: true,
	},
	"panics on nil": {
		bytes: func() pool.Bytes { return new(nilPanics) },
		claim: "Put of nothing is harmless", says: "Put(nil) panicked: runtime error: index out of range",
	},
	"takes -1": {
		bytes: func() pool.Bytes { return new(takesNegative) },
		claim: "Get of a negative length panics", says: "Get(-1) did not panic",
	},
	"waits": {
		bytes: func() pool.Bytes { return newWaits() },
		claim: "Get never waits", says: "have not returned in 5s",
	},
	"data race": {
		bytes: func() pool.Bytes { return new(races) },
		claim: "goroutines share it", says: "WARNING: DATA RACE", race: true, crash: true,
	},

	"loses Puts": {
		bytes: lying(func(s *pool.Stats) { s.Returns[pool.Pooled] -= s.Returns[pool.Pooled] / 10 }),
		claim: "Source counts every call", says: "90 Puts were counted",
	},
	"loses Gets": {
		bytes: lying(func(s *pool.Stats) { s.Requests[pool.Miss] /= 2 }),
		claim: "Source counts every call", says: "50 Gets were counted",
	},
	"invents idle": {
		bytes: lying(func(s *pool.Stats) { s.Idle++ }),
		claim: "Source counts every call", says: "Idle is 1: want",
	},
	"knows too little": {
		bytes: lying(func(s *pool.Stats) { s.Knows.Requests = 0 }),
		claim: "Source counts every call", says: "not in Knows.Requests",
	},
	"counts in use wrong": {
		bytes: lying(func(s *pool.Stats) { s.InUse = -s.InUse }),
		claim: "Source counts every call", says: "InUse is -100: want 100",
	},
	"counts down": {
		bytes: lying(func(s *pool.Stats) { s.Allocations = 1e9 - s.Allocations }),
		claim: "Source counts up while in use", says: "went down",
	},
	"adds to Stats": {
		bytes: func() pool.Bytes { return addsUp{newTrue()} },
		claim: "Source overwrites what it is given", says: "leaves something",
	},
	"ignores its limit": {
		bytes: func() pool.Bytes { return unlimited{newTrue()} },
		claim: "Resizable keeps its limit", says: "bytes are idle after",
	},
	"lies about Trim": {
		bytes: func() pool.Bytes { return trimsNothing{newTrue()} },
		claim: "Resizable trims what it says", says: "Trim(1) says it freed 1 bytes",
	},
	"deaf to Gets": {
		bytes: func() pool.Bytes { return tuned(func(d *control.Demand) { d.Classes[0].Gets = 0 }) },
		claim: "Tunable reports the demand of a window", says: "Demand reports",
	},
	"never lets go": {
		bytes: func() pool.Bytes { return hoards{tuned(nil)} },
		claim: "Tunable evicts what has grown old", says: "the idle age is 3s",
	},
	"one mode": {
		bytes: func() pool.Bytes { return oneMode{new(stack)} },
		claim: "Switchable works in every mode", says: "Mode is on after SetMode(count)",
	},
	"closed for good": {
		bytes: func() pool.Bytes { return &closes{} },
		claim: "Close leaves a working pool", says: "closed",
	},

	"nil objects": {
		objects: func() pool.Objects[int] { return nilObjects{} },
		claim:   "Get returns an object", says: "Get returned nil",
	},
	"keeps nil": {
		objects: func() pool.Objects[int] { return new(keepsNil) },
		claim:   "Put of nil is harmless", says: "Get returned the nil that was put",
	},
	"objects twice": {
		objects: func() pool.Objects[int] { return new(objectsTwice) },
		claim:   "an object has one owner", says: "an object that is in use",
	},
	"twice, in a rush": {
		objects: func() pool.Objects[int] { return new(objectsTwice) },
		claim:   "goroutines share it", says: "an object that is in use",
	},
	"racing objects": {
		objects: func() pool.Objects[int] { return new(racingObjects) },
		claim:   "goroutines share it", says: "WARNING: DATA RACE", race: true, crash: true,
	},
}

// planted makes TestDefect run, which has to fail and so is skipped otherwise.
const planted = "POOLTEST_DEFECT"

func TestPlantedDefectsAreCaught(t *testing.T) {
	t.Parallel()
	for name, d := range defects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d.race && !raceflag.On {
				t.Skip("a data race: make test-race finds it")
			}
			if testing.Short() && name == "waits" {
				t.Skip("-short: takes the five seconds that the suite allows")
			}
			path := []string{"TestDefect", name, d.claim}
			pattern := "^" + strings.Join(path, "$/^") + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run="+strings.ReplaceAll(pattern, " ", "_"))
			cmd.Env = append(os.Environ(), planted+"=1")
			out, err := cmd.CombinedOutput()
			failed := "--- FAIL: " + strings.ReplaceAll(strings.Join(path, "/"), " ", "_") + " ("
			caught := strings.Contains(string(out), d.says) && (d.crash || strings.Contains(string(out), failed))
			if err == nil || !caught {
				t.Errorf("%v; want %q, and %q, in:\n%s", err, failed, d.says, out)
			}
		})
	}
}

// TestDefect fails in a process that TestPlantedDefectsAreCaught starts.
func TestDefect(t *testing.T) {
	if os.Getenv(planted) == "" {
		t.Skip("has to fail: TestPlantedDefectsAreCaught runs it and sees that it does")
	}
	for name, d := range defects {
		t.Run(name, func(t *testing.T) {
			if d.bytes != nil {
				pooltest.TestBytes(t, func(*testing.T) pool.Bytes { return d.bytes() })
			} else {
				pooltest.TestObjects(t, func(*testing.T) pool.Objects[int] { return d.objects() })
			}
		})
	}
}
