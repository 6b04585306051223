package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	api "go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/metric"
)

// counts are the program's counts of the pools of one place.
type counts struct {
	Used                                     string
	Gets, Misses, Puts, Idle, Bytes, Dropped int64
}

// exporter reads the program's page and exports its figures, in this process, so that the program
// gets no OpenTelemetry code.
type exporter struct {
	address  string // the file with the address of the program's page
	provider *metric.MeterProvider

	mu   sync.Mutex
	last []counts
}

// figures are the instruments of package otelpool that the page has a figure for, by the same
// names.
var figures = []struct {
	name, unit, description string
	sum                     bool // it only grows
	key, value              string
	of                      func(*counts) int64
}{
	{"otelpool.requests", "{request}", "Objects requested from the pool, by result.", true,
		"otelpool.request.result", "hit", func(c *counts) int64 { return c.Gets - c.Misses }},
	{"otelpool.requests", "{request}", "Objects requested from the pool, by result.", true,
		"otelpool.request.result", "miss", func(c *counts) int64 { return c.Misses }},
	{"otelpool.returns", "{return}", "Objects given back to the pool, by result.", true,
		"otelpool.return.result", "pooled", func(c *counts) int64 { return c.Puts }},
	{"otelpool.evictions", "{object}", "Idle objects that the pool dropped, by reason.", true,
		"otelpool.eviction.reason", "gc", func(c *counts) int64 { return c.Dropped }},
	{"otelpool.object.count", "{object}", "Objects held idle by the pool.", false,
		"otelpool.object.state", "idle", func(c *counts) int64 { return c.Idle }},
	{"otelpool.memory.usage", "By", "Capacity of the objects held idle by the pool.", false,
		"otelpool.object.state", "idle", func(c *counts) int64 { return c.Bytes }},
}

// export begins to export, as the OTEL_* variables say.
func export(address string) (*exporter, error) {
	e := &exporter{address: address}
	var once sync.Once
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		once.Do(func() { fmt.Fprintf(os.Stderr, "poolscope: -otlp: %v\n", err) })
	}))
	out, err := newOTLP()
	if err != nil {
		return nil, fmt.Errorf("-otlp: %w", err)
	}
	e.provider = metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(out)))
	return e, e.register()
}

func newOTLP() (metric.Exporter, error) {
	ctx := context.Background()
	const name, general = "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"
	switch protocol := cmp.Or(os.Getenv(name), os.Getenv(general), "http/protobuf"); protocol {
	case "grpc":
		if byDefault() {
			return otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithInsecure())
		}
		return otlpmetricgrpc.New(ctx)
	case "http/protobuf":
		if byDefault() {
			return otlpmetrichttp.New(ctx, otlpmetrichttp.WithInsecure())
		}
		return otlpmetrichttp.New(ctx)
	default:
		return nil, fmt.Errorf("%s or %s is %s: use grpc or http/protobuf", name, general, protocol)
	}
}

// byDefault reports whether nothing says where to export to: the specification's default is
// a collector on this machine, without TLS, and that of Go's exporters is with TLS.
func byDefault() bool {
	for _, signal := range []string{"", "METRICS_"} {
		for _, name := range []string{"ENDPOINT", "INSECURE", "CERTIFICATE", "CLIENT_CERTIFICATE"} {
			if os.Getenv("OTEL_EXPORTER_OTLP_"+signal+name) != "" {
				return false
			}
		}
	}
	return true
}

func (e *exporter) register() error {
	meter := e.provider.Meter("github.com/otelpool/pool/cmd/poolscope")
	instruments, all := make([]api.Int64Observable, len(figures)), make([]api.Observable, len(figures))
	for i, f := range figures {
		var err error
		if f.sum {
			instruments[i], err = meter.Int64ObservableCounter(f.name, api.WithUnit(f.unit), api.WithDescription(f.description))
		} else {
			instruments[i], err = meter.Int64ObservableUpDownCounter(f.name, api.WithUnit(f.unit), api.WithDescription(f.description))
		}
		if err != nil {
			return fmt.Errorf("-otlp: %w", err)
		}
		all[i] = instruments[i]
	}
	_, err := meter.RegisterCallback(func(ctx context.Context, o api.Observer) error {
		for _, c := range e.read(ctx) {
			for i, f := range figures {
				o.ObserveInt64(instruments[i], f.of(&c), api.WithAttributes(attribute.String("otelpool.pool.name", "sync.Pool "+c.Used),
					attribute.String("otelpool.pool.strategy", "sync.Pool"), attribute.String(f.key, f.value)))
			}
		}
		return nil
	}, all...)
	return err
}

// read asks the program. Before the program has begun there are no figures; after its end read
// returns those that it left, or else the last.
func (e *exporter) read(ctx context.Context) []counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	text, err := os.ReadFile(e.address + ".json")
	if err != nil {
		text, err = e.ask(ctx)
	}
	var now []counts
	if err == nil && json.Unmarshal(text, &now) == nil {
		e.last = merged(now)
	}
	return e.last
}

func (e *exporter) ask(ctx context.Context) ([]byte, error) {
	address, err := os.ReadFile(e.address)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+string(address)+"/json", nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}

// merged adds up rows of one name: pools first used in one place through several callers are one
// series.
func merged(all []counts) (sums []counts) {
	at := make(map[string]int)
	for _, c := range all {
		i, ok := at[c.Used]
		if !ok {
			at[c.Used] = len(sums)
			sums = append(sums, c)
			continue
		}
		s := &sums[i]
		s.Gets, s.Misses, s.Puts = s.Gets+c.Gets, s.Misses+c.Misses, s.Puts+c.Puts
		s.Idle, s.Bytes, s.Dropped = s.Idle+c.Idle, s.Bytes+c.Bytes, s.Dropped+c.Dropped
	}
	return sums
}

// stop exports once more and ends.
func (e *exporter) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := e.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("-otlp: %w", err)
	}
	return nil
}

// exporting runs a program beside an exporter.
func exporting(address string, program func() (int, error)) (int, error) {
	e, err := export(address)
	if err != nil {
		return 1, err
	}
	code, err := program()
	return code, cmp.Or(err, e.stop())
}
