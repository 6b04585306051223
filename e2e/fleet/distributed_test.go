package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"

	"github.com/otelpool/pool/e2e/internal/built"
)

var (
	instances = flag.Int("instances", 20, "that write to the distributed store")
	interval  = flag.Duration("interval", 10*time.Second, "between the exports of one of them")
)

// A Receive and a collector are killed while the instances export, and come back. What
// docs/scaling.md promises then: a collector takes at most one export of an instance
// with it, the next one makes up for that, and queries answer all the time.
func TestADistributedStoreLosesNoCounterWhenOneOfEachPartIsKilled(t *testing.T) {
	d := startDistributed(t)
	playing, stop := context.WithCancel(t.Context())
	played := make(chan struct{})
	go func() { d.player.play(playing, *instances, *interval); close(played) }()
	defer func() { stop(); <-played }()
	watched := d.watch(t)
	d.measure(t)
	d.running["thanos-receive-1"].Kill()
	d.pass(t)
	d.running["otel-collector-0"].Kill()
	d.pass(t)
	for _, name := range []string{"thanos-receive-1", "otel-collector-0"} {
		d.start(t, name)
	}
	d.pass(t)
	stop()
	<-played
	d.exportLast(t)
	d.everyCounterIsThere(t)
	watched.stop(t)
	d.everyExportIsThereButFew(t)
	d.everyRuleWasEvaluated(t)
	d.everyPanelAnswers(t)
}

type distributed struct {
	*hosts
	player *player
}

const distributedPools = 10

func startDistributed(t *testing.T) *distributed {
	t.Helper()
	d := &distributed{hosts: newHosts(t, shipped(t, "distributed", "docker-compose.yml"), distributedPrograms(t))}
	for _, name := range d.names() {
		d.start(t, name)
	}
	for name, s := range d.services {
		switch {
		case strings.Contains(s.Image, "thanos"):
			d.ready(t, name, ":10902/-/ready")
		case strings.Contains(s.Image, "collector"):
			d.ready(t, name, ":13133/")
		}
	}
	tmpl, err := record(t.Context(), distributedPools, false)
	if err != nil {
		t.Fatal(err)
	}
	// An SDK retries in the same cases, for a minute.
	d.player, err = newPlayer(tmpl, d.addresses["balancer"]+":4317", grpc.WithDefaultServiceConfig(`{"methodConfig": [{"name": [{}],
		"retryPolicy": {"maxAttempts": 5, "initialBackoff": "0.5s", "maxBackoff": "5s", "backoffMultiplier": 2,
			"retryableStatusCodes": ["UNAVAILABLE"]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.player.conn.Close() })
	d.player.history = newHistory()
	return d
}

// names are the services, the balancer last: it turns away what nobody takes yet.
func (d *distributed) names() (names []string) {
	for name := range d.services {
		if name != "balancer" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return append(names, "balancer")
}

// distributedPrograms skips where they cannot run or may not take their time.
func distributedPrograms(t *testing.T) map[string]string {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: building Thanos takes minutes the first time, and killing parts of it a minute")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8, an address for each service")
	}
	haproxy, err := exec.LookPath("haproxy")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err, ": apt-get install haproxy")
	}
	thanos, err := built.Thanos.Binary(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"haproxy": haproxy, "quay.io/thanos/thanos": thanos,
		"otel/opentelemetry-collector-contrib": programsFor(t).collector,
	}
}

// pass lets two intervals pass: every instance exports in them.
func (d *distributed) pass(t *testing.T) {
	t.Helper()
	if err := sleep(t.Context(), 2**interval); err != nil {
		t.Fatal(err)
	}
}

// measure prints what each service takes, over two intervals: the table of
// docs/scaling.md.
func (d *distributed) measure(t *testing.T) {
	t.Helper()
	before, start := map[string]taken{}, time.Now()
	for name := range d.running {
		before[name] = d.taken(t, name)
	}
	d.pass(t)
	var table strings.Builder
	for _, name := range d.names() {
		u := d.taken(t, name)
		fmt.Fprintf(&table, "| %s | %.1f %% | %.0f MiB | %.1f KiB |\n", name,
			100*(u.cores-before[name].cores)/time.Since(start).Seconds(), u.memory/(1<<20), u.memory/(1<<10)/float64(*instances))
	}
	p := d.player
	logs := d.logged(t, "receive-0") + d.logged(t, "receive-1") + d.logged(t, "receive-2")
	t.Logf("%d instances of %d series, every %v; an export takes %.1f ms; %d refused, %d late; Receives have logged %.1f KiB an instance",
		*instances, p.template.series, *interval, float64(p.took.Load())/1e6/float64(max(1, p.sent.Load())),
		p.refused.Load(), p.late.Load(), float64(logs)/(1<<10)/float64(*instances))
	t.Logf("\n| part | CPU | memory | an instance |\n|---|---|---|---|\n%s", &table)
}

// exportLast lets every instance export once more, as a service does that ends.
func (d *distributed) exportLast(t *testing.T) {
	t.Helper()
	_, last := d.player.history.sent()
	before := d.player.refused.Load()
	for i := range *instances {
		d.player.export(t.Context(), i, last+1)
	}
	if refused := d.player.refused.Load() - before; refused > 0 {
		t.Errorf("%d of the last exports were refused", refused)
	}
	t.Logf("%d exports, %d refused, %d late", d.player.sent.Load(), d.player.refused.Load(), d.player.late.Load())
}

func (d *distributed) everyCounterIsThere(t *testing.T) {
	t.Helper()
	_, last := d.player.history.sent()
	var want float64
	points(d.player.template.of("", time.Now(), last), func(p *metricspb.NumberDataPoint, counter bool) {
		if counter {
			want += float64(p.GetAsInt()) + p.GetAsDouble()
		}
	})
	want *= float64(*instances)
	var got float64
	for end := time.Now().Add(time.Minute); ; {
		if answer, err := d.now(t.Context(), `sum({__name__=~"otelpool_.+_total",job="fleet"})`); err == nil && len(answer) == 1 {
			got = answer[0].Value.value
		}
		if got == want {
			t.Logf("the counters of %d instances are %.0f in all", *instances, got)
			return
		}
		if time.Now().After(end) || sleep(t.Context(), time.Second) != nil {
			t.Errorf("counters are %.0f in all; the instances have sent %.0f", got, want)
			return
		}
	}
}
