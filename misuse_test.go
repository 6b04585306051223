package pool_test

import (
	"bytes"
	"log/slog"
	"runtime"
	"strings"
	"testing"

	"github.com/otelpool/pool"
)

//go:noinline
func here() pool.Stack {
	pcs := make([]uintptr, 8)
	return pcs[:runtime.Callers(1, pcs)]
}

func TestMisuseIsLoggedWithItsPlaces(t *testing.T) {
	var out bytes.Buffer
	var r pool.Registry
	remove := r.OnMisuse(pool.LogMisuse(slog.New(slog.NewJSONHandler(&out, nil))))
	m := pool.Misuse{Pool: "bodies", Kind: pool.MisuseDouble, Size: 4096, Get: here(), Put: here(), Late: here()}
	r.ObserveMisuse(m)
	for _, want := range []string{`"level":"WARN"`, `"msg":"pool: double: given back a second time (4096 bytes)"`, `"pool":"bodies"`,
		`"kind":"double"`, `misuse_test.go:`, `"taken_by":"`, `"given_back_by":"`, `"given_back_again_by":"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log has no %s: %s", want, &out)
		}
	}
	remove()
	if r.ObservesMisuse() {
		t.Error("nobody observes any more")
	}
	out.Reset()
	r.ObserveMisuse(m)
	if out.Len() > 0 {
		t.Errorf("logged after it was removed: %s", &out)
	}
}

func TestAnObserverOfMisuseMayPanic(t *testing.T) {
	var r pool.Registry
	told := 0
	r.OnMisuse(func(pool.Misuse) { panic("no") })
	r.OnMisuse(func(pool.Misuse) { told++ })
	r.ObserveMisuse(pool.Misuse{})
	r.ObserveMisuse(pool.Misuse{})
	if n, last := r.Panics(); n != 2 || told != 2 || !strings.HasPrefix(last, "no\n") {
		t.Errorf("%d panics caught, %d told, last %q", n, told, last)
	}
}

func TestMisuseReadsLikeATrace(t *testing.T) {
	m := pool.Misuse{Kind: pool.MisuseLost, Get: here()}
	text := m.String()
	if !strings.HasPrefix(text, "pool without a name: lost: ") ||
		!strings.Contains(text, "\ntaken by:\ngithub.com/otelpool/pool_test.here\n\t") ||
		strings.Contains(text, "given back by") {
		t.Errorf("%s", text)
	}
	if site := m.Culprit().Site(); !strings.Contains(site, "misuse_test.go:") {
		t.Errorf("Site is %s", site)
	}
	if site := pool.Stack(nil).Site(); site != "unknown" {
		t.Errorf("Site of nothing is %s", site)
	}
}
