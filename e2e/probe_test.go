package e2e_test

import (
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/e2e/internal/gateway"
	"github.com/otelpool/pool/otelpool"
)

// The metrics that the gateway cannot have come from a pool and a controller made
// up for them, so that each row of the table has been through a real collector.
func TestMetricsOfNoGatewayPoolArriveToo(t *testing.T) {
	t.Parallel()
	c := startCollector(t, noPorts)
	r := new(pool.Registry)
	publication, err := r.Publish("probe", probe{}, pool.Reject)
	if err != nil {
		t.Fatal(err)
	}
	defer publication.Close()
	remove, err := r.AddController(probe{})
	if err != nil {
		t.Fatal(err)
	}
	defer remove()

	exporter, err := otlpmetricgrpc.New(t.Context(), otlpmetricgrpc.WithEndpointURL(c.GRPCEndpoint()))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)),
		sdkmetric.WithResource(resource.NewSchemaless(
			attribute.String("service.name", gateway.Service), attribute.String("service.instance.id", gateway.Instance))))
	inst, err := otelpool.Start(otelpool.WithMeterProvider(provider), otelpool.WithRegistry(r), otelpool.WithSizeClasses("probe"))
	if err != nil {
		t.Fatal(err)
	}
	publication.ObserveWait(time.Millisecond)
	publication.ObserveWait(time.Second)
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := inst.Stop(); err != nil {
		t.Error(err)
	}

	want := map[series]float64{
		{"otelpool.allocations", "probe", "probe", ""}:          7, // no pool is without it
		{"otelpool.misuse", "probe", "probe", "lost"}:           3,
		{"otelpool.wait.duration", "probe", "probe", ""}:        2,
		{"otelpool.controller.memory.limit", "", "", ""}:        1 << 40,
		{"otelpool.controller.memory.pressure", "", "", "heap"}: 0.75,
		{"otelpool.controller.runs", "", "", "hold"}:            1,
		{"otelpool.controller.runs", "", "", "grow"}:            2,
		{"otelpool.controller.runs", "", "", "shrink"}:          3,
		{"otelpool.controller.runs", "", "", "trim"}:            4,

		{"otelpool.object.idle_age", "probe", "probe", ""}:                2.5,
		{"otelpool.controller.memory.usage", "", "", ""}:                  1 << 30,
		{"otelpool.controller.memory.kept", "", "", ""}:                   1 << 29,
		{"otelpool.controller.signal.age", "", "", "heap"}:                0.5,
		{"otelpool.controller.collections", "", "", ""}:                   6,
		{"otelpool.controller.regrets", "", "", ""}:                       8,
		{"otelpool.controller.efficiency", "", "", ""}:                    0.8,
		{"otelpool.controller.pressure.status", "", "", "none"}:           0,
		{"otelpool.controller.pressure.status", "", "", "elevated"}:       0,
		{"otelpool.controller.pressure.status", "", "", "high"}:           1,
		{"otelpool.controller.pressure.status", "", "", "critical"}:       0,
		{"otelpool.controller.pressure.transitions", "", "", "high heap"}: 5,
	}
	for _, change := range possible {
		if s := (series{"otelpool.controller.pressure.transitions", "", "", change}); want[s] == 0 {
			want[s] = 0
		}
	}
	expect(t, c, want)
	seen := names(want)
	for name := range absent {
		if !seen[name] {
			t.Errorf("%s is neither the gateway's nor this test's", name)
		}
	}
	t.Logf("%d metrics, %d series", len(seen), len(want))
}

// probe is a pool and a controller with fixed figures.
type probe struct{}

func (probe) Stats(into *pool.Stats) {
	into.Reset()
	into.Strategy = "probe"
	into.Knows.Misuse = pool.SetOf(pool.MisuseLost)
	into.Allocations, into.Misuse[pool.MisuseLost] = 7, 3
	into.Classes = append(into.Classes, pool.Class{Size: 64})
}

func (probe) ControllerStats(into *control.Stats) {
	*into = control.Stats{
		Limit:   1 << 40,
		Idle:    1 << 30,
		Kept:    1 << 29,
		Level:   control.PressureHigh,
		Signals: []control.Signal{{Name: "heap", Value: 0.75, Age: time.Second / 2}, {Name: "cgroup", Err: "no cgroup here"}},
		Runs:    [control.NumActions]uint64{control.Hold: 1, control.Grow: 2, control.Shrink: 3, control.TrimIdle: 4},

		ForcedGCs: 6, Regrets: 8, Efficiency: 0.8,
		Classes: []control.ClassControl{{Pool: "probe", Size: 64, IdleAge: 2500 * time.Millisecond}},
	}
	into.Transitions[control.PressureHigh][control.CauseHeap] = 5
}
