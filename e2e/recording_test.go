// Compiling the libraries of Prometheus takes a minute: make test-deploy.
//go:build prometheus

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/e2e/internal/collector"
	"github.com/otelpool/pool/e2e/internal/gateway"
	"github.com/otelpool/pool/e2e/internal/promstore"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// A recording is the state of a Prometheus after nearly an hour with a service in
// each scenario. Making it takes half a minute, the cycle of the squeeze: time runs
// fast, and each scrape, every quarter of a second, is stored as one every half
// minute.
const (
	recordFor  = 28 * time.Second
	scrapeReal = 250 * time.Millisecond
	fast       = 120
	scrapeMade = fast * scrapeReal
	rateWindow = "2m" // $__rate_interval: four scrapes

	enoughScrapes = int(recordFor/scrapeReal) * 3 / 4
)

var recordingStart = time.Date(2026, time.March, 1, 3, 0, 0, 0, time.UTC)

// scenarios are the services of the recording, one in each scenario, by name.
var scenarios = []string{"steady", "burst", "leak", "squeeze"}

// elsewhere is a service in a cluster of its own; the others have no such label, as
// where there is one cluster only.
var elsewhere = target{"west", "trial", "leak"}

type target struct{ cluster, namespace, job string }

func (t target) labels() string {
	return fmt.Sprintf("cluster=%q,namespace=%q,job=%q", t.cluster, t.namespace, t.job)
}

type recording struct {
	store *promstore.Store
	first time.Time                  // with data
	last  time.Time                  // scrape
	made  int                        // scrapes
	fired map[string]map[string]bool // job → names of the alerts that fired
	grave map[string]string          // alert → severity
}

// record is made once: it has what all tests of queries and alerts need. One with
// gaps, made while the machine had other things to do, shows nothing of the
// services: then another is made.
var record = sync.OnceValues(func() (r *recording, err error) {
	for range 3 {
		if r, err = newRecording(context.Background()); err != nil || r.made >= enoughScrapes {
			return r, err
		}
	}
	return nil, fmt.Errorf("the machine is too busy: %d scrapes in %v, thrice fewer than %d", r.made, recordFor, enoughScrapes)
})

func recorded(t *testing.T) *recording {
	t.Helper()
	built(t)
	r, err := record()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newRecording(ctx context.Context) (r *recording, err error) {
	b, err := build()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(buildDir, "recording")
	if err != nil {
		return nil, err
	}
	c, err := collector.Start(ctx, collector.Options{Binary: b.collector})
	if err != nil {
		return nil, err
	}
	defer c.Kill()
	for i, scenario := range scenarios {
		g, err := startScenario(b.gateway, c.GRPCEndpoint(), scenario, i)
		if err != nil {
			return nil, err
		}
		defer g.Kill()
	}
	p, err := startProbe(ctx, c.GRPCEndpoint())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop(ctx)) }()
	r = &recording{first: recordingStart, fired: map[string]map[string]bool{}, grave: map[string]string{}}
	if r.store, err = promstore.Open(filepath.Join(dir, "prometheus"), rulesFile); err != nil {
		return nil, err
	}
	return r, r.fill(ctx, c.Scrape, p.work)
}

func startScenario(binary, endpoint, scenario string, i int) (*gateway.Gateway, error) {
	return gateway.Start(gateway.Options{
		Binary: binary, Dir: buildDir, Protocol: gateway.GRPC, Endpoint: endpoint,
		Service: scenario, Instance: fmt.Sprintf("%s-%d", scenario, i), Duration: time.Minute,
		Flags: []string{"-scenario", scenario, "-rate", "80", "-leak-every", "10", "-controller", "on"},
		Env:   []string{"OTEL_METRIC_EXPORT_INTERVAL=250", "GOMEMLIMIT=256MiB"},
	})
}

const rulesFile = "../deploy/prometheus/rules/otelpool.yml"

// fill scrapes until the recording is complete.
func (r *recording) fill(ctx context.Context, scrape func(context.Context) (string, error), between func()) error {
	tick := time.NewTicker(scrapeReal)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < recordFor; {
		between()
		text, err := scrape(ctx)
		if err != nil {
			return err
		}
		text = strings.ReplaceAll(text, `job="`+elsewhere.job+`"`, elsewhere.labels())
		// By the clock, so that a machine that is busy makes fewer scrapes and not another time.
		r.last = recordingStart.Add(fast * time.Since(start))
		if err := r.store.Tick(ctx, text, r.last); err != nil {
			return err
		}
		r.made++
		r.remember()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (r *recording) remember() {
	for _, a := range r.store.Alerts() {
		if !a.Firing {
			continue
		}
		job := a.Labels["job"]
		if r.fired[job] == nil {
			r.fired[job] = map[string]bool{}
		}
		r.fired[job][a.Name], r.grave[a.Name] = true, a.Severity
	}
}

// startedProbe is a service with the rows that no pool of the gateway has, and a
// pool in use beside them.
type startedProbe struct {
	bytes       *strategies.SizeClasses
	publication *pool.Publication
	remove      func()
	provider    *sdkmetric.MeterProvider
	pools       *otelpool.Instrumentation
}

func startProbe(ctx context.Context, endpoint string) (*startedProbe, error) {
	r, p := new(pool.Registry), new(startedProbe)
	var err error
	if p.publication, err = r.Publish("probe", probe{}, pool.Reject); err != nil {
		return nil, err
	}
	if p.remove, err = r.AddController(probe{}); err != nil {
		return nil, err
	}
	if p.bytes, err = strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: "probe.bytes", Registry: r}); err != nil {
		return nil, err
	}
	exporter, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(endpoint))
	if err != nil {
		return nil, err
	}
	p.provider = sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter, sdkmetric.WithInterval(scrapeReal))),
		sdkmetric.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "probe"), attribute.String("service.instance.id", "probe-0"))))
	p.pools, err = otelpool.Start(otelpool.WithMeterProvider(p.provider), otelpool.WithRegistry(r), otelpool.WithSizeClasses("probe"))
	return p, err
}

// work is a caller who waited, and one who did not.
func (p *startedProbe) work() {
	p.publication.ObserveWait(3 * time.Millisecond)
	p.bytes.Put(p.bytes.Get(4 << 10))
}

func (p *startedProbe) stop(ctx context.Context) error {
	err := errors.Join(p.provider.Shutdown(ctx), p.pools.Stop())
	p.bytes.Close()
	p.remove()
	p.publication.Close()
	return err
}
