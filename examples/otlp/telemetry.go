package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/contrib/instrumentation/runtime"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
)

// telemetry exports the pools' and the runtime's metrics to where the OTEL_*
// variables say, or nowhere.
type telemetry struct {
	provider *sdkmetric.MeterProvider // nil: off
	pools    *otelpool.Instrumentation
	where    string
	notices  notices
}

const (
	tryTime   = 3 * time.Second
	flushTime = 3 * time.Second
)

// exportVariable is the OTEL_* variable that asks for an export, or "" if none
// does.
func exportVariable(environ []string) string {
	set := map[string]string{}
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if value != "" {
			set[name] = value
		}
	}
	if strings.EqualFold(set["OTEL_SDK_DISABLED"], "true") || set["OTEL_METRICS_EXPORTER"] == "none" {
		return ""
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_METRICS_EXPORTER"} {
		if set[name] != "" {
			return name + "=" + set[name]
		}
	}
	for name, value := range set {
		if strings.HasPrefix(name, "OTEL_EXPORTER_") {
			return name + "=" + value
		}
	}
	return ""
}

// startTelemetry sets up what the environment asks for, with rows by size class
// of the named pools. warn is called, at any time, for what goes wrong later: the
// service goes on.
func startTelemetry(ctx context.Context, r *pool.Registry, classes []string, warn func(string)) (*telemetry, error) {
	t := &telemetry{notices: notices{warn: warn}}
	if t.where = exportVariable(os.Environ()); t.where == "" {
		return t, nil
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(t.notices.add))
	reader, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return nil, fmt.Errorf("metric export (%s): %w", t.where, err)
	}
	res, err := resource.New(ctx,
		resource.WithService(), resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "otelpool-gateway")),
		resource.WithFromEnv())
	if err != nil {
		t.notices.add(err) // what it could find out, it has
	}
	t.provider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(res))
	if t.pools, err = otelpool.Start(
		otelpool.WithMeterProvider(t.provider), otelpool.WithRegistry(r), otelpool.WithSizeClasses(classes...),
	); err != nil {
		return nil, err
	}
	if err := runtime.Start(runtime.WithMeterProvider(t.provider)); err != nil {
		t.notices.add(err)
	}
	go t.tryOut(ctx)
	return t, nil
}

// tryOut exports once at the start, so that a wrong endpoint shows now and not
// in a minute.
func (t *telemetry) tryOut(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	if err := t.provider.ForceFlush(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.notices.add(fmt.Errorf("first export (%s): %w; going on", t.where, err))
	}
}

// stop exports the last figures. The pools must be at rest and open: a closed
// pool has no gauges.
func (t *telemetry) stop() {
	if t.provider == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		t.notices.add(fmt.Errorf("last export: %w", err))
	}
	if err := t.pools.Stop(); err != nil {
		t.notices.add(err)
	}
}

// status is one line for the screen.
func (t *telemetry) status() string {
	if t.provider == nil {
		return "export: off. OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 sends to a collector"
	}
	if n, last := t.notices.seen(); n > 0 {
		return fmt.Sprintf("export: %s: %d failures, the last: %s", t.where, n, last)
	}
	return "export: " + t.where
}

// notices collects what telemetry complains of, and passes each new complaint
// on once.
type notices struct {
	warn func(string)
	mu   sync.Mutex
	n    int
	last string
}

func (n *notices) add(err error) {
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	n.mu.Lock()
	n.n++
	fresh := text != n.last
	n.last = text
	n.mu.Unlock()
	if fresh {
		n.warn(text)
	}
}

func (n *notices) seen() (int, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.n, n.last
}
