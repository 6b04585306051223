// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"

	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/e2e/internal/gateway"
	"github.com/otelpool/pool/e2e/internal/promstore"
)

// The other recording stretches time, and makes half a minute of pressure an hour of
// it. Here two cycles of the squeeze are recorded second by second, beside a steady
// service, both as docker compose starts them, and then repeated: what Prometheus
// has of them after a while, scraping as seldom as it does.
const (
	cycle      = 30 * time.Second
	recorded2  = 2 * cycle
	firstCycle = 10 * time.Second // the start is not typical
	shotEvery  = time.Second
	playedFor  = 40 * time.Minute
)

// Scrapes every 15 s of what returns every 30 s see two moments of it alone: which,
// is chance. Alerts may not depend on it.
var phases = []time.Duration{0, 3 * time.Second, 6 * time.Second, 9 * time.Second, 12 * time.Second}

func TestPressureThatComesAndGoesFiresItsAlertAndSteadyLoadNone(t *testing.T) {
	shots := record2(t)
	tellPressure(t, shots)
	for _, phase := range phases {
		t.Run(phase.String(), func(t *testing.T) {
			fired := play(t, shots, phase)
			if at, did := fired["gateway-squeeze"]["OtelpoolPressureHigh"]; !did {
				t.Errorf("the squeeze fires %v; want OtelpoolPressureHigh", fired["gateway-squeeze"])
			} else if at > 15*time.Minute {
				t.Errorf("OtelpoolPressureHigh takes %v", at)
			}
			if len(fired["gateway"]) > 0 {
				t.Errorf("steady load fires %v", fired["gateway"])
			}
			t.Logf("fired: %v", fired)
		})
	}
}

// shot is a scrape: values by series, as the text has them.
type shot map[string]float64

// record2 returns a shot of each second.
func record2(t *testing.T) (shots []shot) {
	t.Helper()
	c := startCollector(t, noPorts)
	for _, service := range []string{"gateway", "gateway-squeeze"} {
		startComposed(t, c, service)
	}
	tick := time.NewTicker(shotEvery)
	defer tick.Stop()
	const want = int(recorded2 / shotEvery)
	scrapes := 0
	for start := time.Now().Add(firstCycle); len(shots) < want; <-tick.C {
		text, err := c.Scrape(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		shot, seconds := readShot(t, text), int(math.Floor(time.Since(start).Seconds()/shotEvery.Seconds()))
		if seconds >= len(shots) {
			scrapes++
		}
		for len(shots) <= seconds { // a scrape that was late is that of the seconds before, too
			shots = append(shots, shot)
		}
	}
	if scrapes < want/2 {
		t.Fatalf("the machine is too busy: %d of %d scrapes", scrapes, want)
	}
	return shots[:want]
}

// tellPressure says what the alert had to go by.
func tellPressure(t *testing.T, shots []shot) {
	t.Helper()
	high, rises := 0.0, 0.0
	for series := range shots[0] {
		if !strings.Contains(series, `job="gateway-squeeze"`) ||
			!strings.Contains(series, `level="high"`) && !strings.Contains(series, `level="critical"`) {
			continue
		}
		for i, s := range shots {
			if strings.HasPrefix(series, "otelpool_controller_pressure_status") {
				high += s[series] / float64(len(shots))
			} else if i > 0 {
				rises += s[series] - shots[i-1][series]
			}
		}
	}
	t.Logf("the squeeze is high or critical for %.2f of the time and rises to it %.0f times in %v", high, rises, recorded2)
}

// startComposed starts a gateway with the command and the environment of
// docker-compose.yml; the container's own limit of memory is missing here.
func startComposed(t *testing.T, c *collector.Collector, service string) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithProfiles([]string{"*"}))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	s, ok := project.Services[service]
	if !ok {
		t.Fatalf("docker-compose.yml has no %s", service)
	}
	env := []string{}
	for name, value := range s.Environment {
		if value != nil && !strings.HasPrefix(name, "OTEL_EXPORTER_OTLP_") {
			env = append(env, name+"="+*value)
		}
	}
	g, err := gateway.Start(gateway.Options{
		Binary: built(t).gateway, Dir: t.TempDir(), Protocol: gateway.GRPC, Endpoint: c.GRPCEndpoint(), Duration: 5 * time.Minute,
		Flags: append(slices.Clone([]string(s.Command)), "-listen", "127.0.0.1:0", "-debug", "off"), Env: env,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Kill() })
}

func readShot(t *testing.T, text string) shot {
	t.Helper()
	s := shot{}
	for line := range strings.Lines(text) {
		at := strings.LastIndexByte(line, ' ')
		if strings.HasPrefix(line, "#") || at < 0 {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		s[line[:at]] = v
	}
	return s
}

// after is the shot after the given number of repetitions: counters continue from
// their last values.
func (s shot) after(times int, first, last shot) string {
	var text strings.Builder
	for _, series := range slices.Sorted(maps.Keys(s)) {
		v := s[series]
		name, _, _ := strings.Cut(series, "{")
		if strings.HasSuffix(name, "_total") || strings.HasSuffix(name, "_bucket") || strings.HasSuffix(name, "_sum") ||
			name == "otelpool_wait_duration_seconds_count" {
			v += float64(times) * (last[series] - first[series])
		}
		fmt.Fprintf(&text, "%s %v\n", series, v)
	}
	return text.String()
}

// play gives the shots to a Prometheus with our rules, and returns which alerts
// fired for whom, and when first.
func play(t *testing.T, shots []shot, phase time.Duration) map[string]map[string]time.Duration {
	t.Helper()
	store, err := promstore.Open(t.TempDir(), rulesFile)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	fired := map[string]map[string]time.Duration{}
	for at := time.Duration(0); at < playedFor; at += promstore.ScrapeInterval {
		i := int((at + phase) / shotEvery)
		text := shots[i%len(shots)].after(i/len(shots), shots[0], shots[len(shots)-1])
		if err := store.Tick(t.Context(), text, recordingStart.Add(at)); err != nil {
			t.Fatal(err)
		}
		for _, a := range store.Alerts() {
			job := a.Labels["job"]
			if fired[job] == nil {
				fired[job] = map[string]time.Duration{}
			}
			if _, known := fired[job][a.Name]; a.Firing && !known {
				fired[job][a.Name] = at
			}
		}
	}
	return fired
}
