package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// one is a series of an answer: its value, or its samples.
type one struct {
	Metric map[string]string
	Value  sample
	Values []sample
}

type sample struct {
	at    int64 // milliseconds
	value float64
}

func (s *sample) UnmarshalJSON(text []byte) error {
	var pair [2]json.RawMessage
	var value string
	var seconds float64
	if err := json.Unmarshal(text, &pair); err != nil {
		return err
	}
	if err := json.Unmarshal(pair[0], &seconds); err != nil {
		return err
	}
	if err := json.Unmarshal(pair[1], &value); err != nil {
		return err
	}
	s.at = int64(seconds*1000 + 0.5)
	var err error
	s.value, err = strconv.ParseFloat(value, 64)
	return err
}

// ask asks Thanos Query, as Grafana does.
func (d *distributed) ask(ctx context.Context, path string, values url.Values) (answer []one, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	text, err := get(ctx, "http://"+d.addresses["thanos-query"]+":10902"+path+"?"+values.Encode())
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, text)
	}
	var reply struct{ Data struct{ Result []one } }
	err = json.Unmarshal([]byte(text), &reply)
	return reply.Data.Result, err
}

func (d *distributed) now(ctx context.Context, expr string) ([]one, error) {
	return d.ask(ctx, "/api/v1/query", url.Values{"query": {expr}})
}

// hits is a counter that every instance has, and that each export raises by 1000.
const hits = `otelpool_requests_total{job="fleet",otelpool_pool_name="fleet.pool.00",otelpool_request_result="hit"}`

// watched is what queries said, second by second.
type watched struct {
	end    context.CancelFunc
	done   chan struct{}
	asked  int
	oldest time.Duration // that the latest sample of an instance ever was
	errs   []error
}

// watch asks all the time: something must answer, and never more than was sent.
func (d *distributed) watch(t *testing.T) *watched {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	w := &watched{end: cancel, done: make(chan struct{})}
	for end := time.Now().Add(time.Minute); ; { // until all are there
		first, err := d.now(ctx, hits)
		if err == nil && len(first) == *instances {
			break
		}
		if time.Now().After(end) || sleep(ctx, 100*time.Millisecond) != nil {
			t.Fatalf(
				"%d instances, %v; want %d; %d exports, %d refused",
				len(first),
				err,
				*instances,
				d.player.sent.Load(),
				d.player.refused.Load(),
			)
		}
	}
	go func() {
		defer close(w.done)
		for sleep(ctx, time.Second) == nil {
			if err := w.look(ctx, d); err != nil && ctx.Err() == nil {
				w.errs = append(w.errs, err)
			}
		}
	}()
	return w
}

func (w *watched) look(ctx context.Context, d *distributed) error {
	w.asked++
	age, err := d.now(ctx, "max(time() - timestamp("+hits+"))")
	if err != nil || len(age) != 1 {
		return fmt.Errorf("age: %v %w", age, err)
	}
	w.oldest = max(w.oldest, time.Duration(age[0].Value.value*float64(time.Second)))
	sum, err := d.now(ctx, "sum("+hits+") / 1000")
	if err != nil || len(sum) != 1 {
		return fmt.Errorf("sum: %v %w", sum, err)
	}
	count, err := d.now(ctx, "count("+hits+")")
	if err != nil || len(count) != 1 || count[0].Value.value != float64(*instances) {
		return fmt.Errorf("count: %v %w", count, err)
	}
	// Before the first export a counter has a few.
	if sent, _ := d.player.history.sent(); sum[0].Value.value > float64(sent+int64(*instances)) {
		return fmt.Errorf("the sum is %v thousand, and %d were sent", sum[0].Value.value, sent)
	}
	return nil
}

func (w *watched) stop(t *testing.T) {
	t.Helper()
	w.end()
	<-w.done
	for _, err := range w.errs {
		t.Error(err)
	}
	if w.asked == 0 {
		t.Error("nobody asked")
	}
	t.Logf("all queries answered %d times of %d; the latest sample of an instance was never older than %.1f s",
		w.asked-len(w.errs), w.asked, w.oldest.Seconds())
}

// everyExportIsThereButFew compares the samples in the store with the exports: none is
// changed, none is there twice, and no two in a row are missing.
func (d *distributed) everyExportIsThereButFew(t *testing.T) {
	t.Helper()
	answer, err := d.now(t.Context(), hits+"[1h]")
	if err != nil || len(answer) != *instances {
		t.Fatalf("%d instances, %v; want %d", len(answer), err, *instances)
	}
	missing := 0
	for _, series := range answer {
		instance := series.Metric["instance"]
		exports, next := d.player.history.exports[instance], int64(0)
		start := series.Values[0].value - 1000*float64(exports[series.Values[0].at])
		for _, s := range series.Values {
			n, ok := exports[s.at]
			if !ok || s.value != start+1000*float64(n) || n < next {
				t.Fatalf("%s: a sample of %v at %d, which was not sent: export %d, after %d", instance, s.value, s.at, n, next)
			}
			if n > next+1 {
				t.Errorf("%s: the exports from %d to %d are missing: more than one", instance, next, n-1)
			}
			missing += int(n - next)
			next = n + 1
		}
	}
	sent := d.player.sent.Load()
	t.Logf("%d of %d exports are not in the store, never two in a row of an instance", missing, sent)
}

func (d *distributed) everyRuleWasEvaluated(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(shipped(t, "prometheus", "rules", "otelpool.yml"))
	if err != nil {
		t.Fatal(err)
	}
	want := len(regexp.MustCompile(`(?m)^ +- (record|alert): `).FindAll(text, -1))
	var bad string
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		var healthy int
		if healthy, bad = d.rules(t); healthy == want {
			recorded, err := d.now(t.Context(), `count by (__name__) ({__name__=~".+:otelpool.+"})`)
			if err != nil || len(recorded) == 0 {
				t.Errorf("the rules have recorded %d names, %v", len(recorded), err)
			}
			t.Logf("%d rules evaluated; %d names recorded", healthy, len(recorded))
			return
		}
		if sleep(t.Context(), time.Second) != nil {
			break
		}
	}
	t.Errorf("not all of %d rules were evaluated: %s", want, bad)
}

func (d *distributed) rules(t *testing.T) (healthy int, bad string) {
	t.Helper()
	text, err := get(t.Context(), "http://"+d.addresses["thanos-query"]+":10902/api/v1/rules")
	var reply struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &reply)
	}
	if err != nil {
		return 0, err.Error()
	}
	for _, g := range reply.Data.Groups {
		for _, r := range g.Rules {
			if r.Health == "ok" {
				healthy++
			} else {
				bad += fmt.Sprintf("%s is %s %s; ", r.Name, r.Health, r.LastError)
			}
		}
	}
	return healthy, bad
}

var (
	expression = regexp.MustCompile(`"expr": ("(?:[^"\\]|\\.)*")`)
	variable   = regexp.MustCompile(`\$[a-z]+`)
)

// everyPanelAnswers asks what Grafana asks for pages that were opened with all of it.
func (d *distributed) everyPanelAnswers(t *testing.T) {
	t.Helper()
	pages, err := filepath.Glob(shipped(t, "grafana", "dashboards") + "/*.json")
	if err != nil {
		t.Fatal(err)
	}
	asked, full := 0, 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range expression.FindAllSubmatch(text, -1) {
			asked++
			if d.panel(t, m[1]) {
				full++
			}
		}
	}
	if full < asked/3 { // the fleet has no controller, no Fixed, no leak, …
		t.Errorf("only %d of %d queries of panels have data", full, asked)
	}
	t.Logf("%d queries of %d pages answered, %d with data", asked, len(pages), full)
}

// panel reports whether a query, in JSON, has data.
func (d *distributed) panel(t *testing.T, text []byte) bool {
	t.Helper()
	var expr string
	if err := json.Unmarshal(text, &expr); err != nil {
		t.Fatal(err)
	}
	expr = strings.ReplaceAll(expr, "$__rate_interval", (4 * *interval).String())
	expr = variable.ReplaceAllString(expr, ".*")
	now := time.Now()
	answer, err := d.ask(t.Context(), "/api/v1/query_range", url.Values{
		"query": {expr}, "start": {now.Add(-2 * *interval).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)},
		"step": {interval.String()},
	})
	if err != nil {
		t.Errorf("%s: %v", expr, err)
	}
	return len(answer) > 0
}
