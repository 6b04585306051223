package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/otelpool"
	"github.com/otelpool/pool/strategies"
)

// template is one export of one instance, as otelpool and the SDK make it.
type template struct {
	request *collectorpb.ExportMetricsServiceRequest
	series  int
	bytes   int // on the wire, uncompressed
	zipped  int
}

// record lets a service with that many pools export once, to here.
func record(ctx context.Context, pools int, classes bool) (*template, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	got := make(receiver, 1)
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20))
	collectorpb.RegisterMetricsServiceServer(server, service{to: got})
	go func() { _ = server.Serve(l) }() // ends with Stop
	defer server.Stop()
	if err := exportOnce(ctx, "http://"+l.Addr().String(), pools, classes); err != nil {
		return nil, err
	}
	select {
	case request := <-got:
		return newTemplate(request)
	case <-time.After(10 * time.Second):
		return nil, errors.New("the exporter has exported nothing")
	}
}

type receiver chan *collectorpb.ExportMetricsServiceRequest

type service struct {
	collectorpb.UnimplementedMetricsServiceServer
	to receiver
}

func (s service) Export(_ context.Context, r *collectorpb.ExportMetricsServiceRequest) (*collectorpb.ExportMetricsServiceResponse, error) {
	select {
	case s.to <- r:
	default: // the first is enough
	}
	return &collectorpb.ExportMetricsServiceResponse{}, nil
}

func exportOnce(ctx context.Context, endpoint string, pools int, classes bool) (err error) {
	r := new(pool.Registry)
	var detailed []string
	for i := range pools {
		name := fmt.Sprintf("fleet.pool.%02d", i)
		if classes {
			detailed = append(detailed, name)
		}
		p, err := strategies.NewSizeClasses(strategies.SizeClassesConfig{Name: name, Registry: r})
		if err != nil {
			return err
		}
		defer p.Close()
		for size := 64; size <= 1<<20; size *= 2 { // 15 classes
			p.Put(p.Get(size))
			p.Put(p.Get(size))
		}
	}
	exporter, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(endpoint))
	if err != nil {
		return err
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(sdkmetric.NewPeriodicReader(exporter)),
		sdkmetric.WithResource(resource.NewSchemaless(attribute.String("service.name", "fleet"), attribute.String(instanceKey, "0"))))
	inst, err := otelpool.Start(otelpool.WithMeterProvider(provider), otelpool.WithRegistry(r), otelpool.WithSizeClasses(detailed...))
	if err != nil {
		return err
	}
	return errors.Join(provider.Shutdown(ctx), inst.Stop())
}

const instanceKey = "service.instance.id"

func newTemplate(request *collectorpb.ExportMetricsServiceRequest) (*template, error) {
	t := &template{request: request}
	points(request, func(*metricspb.NumberDataPoint, bool) { t.series++ })
	wire, err := proto.Marshal(request)
	if err != nil {
		return nil, err
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(wire); err != nil {
		return nil, err
	}
	t.bytes, t.zipped = len(wire), 0
	if err := z.Close(); err != nil {
		return nil, err
	}
	t.zipped = zipped.Len()
	if t.series == 0 {
		return nil, errors.New("the export has no series")
	}
	return t, nil
}

// points calls do for every point, with whether it is a counter's.
func points(request *collectorpb.ExportMetricsServiceRequest, do func(p *metricspb.NumberDataPoint, counter bool)) {
	for _, r := range request.GetResourceMetrics() {
		for _, s := range r.GetScopeMetrics() {
			for _, m := range s.GetMetrics() {
				for _, p := range m.GetSum().GetDataPoints() {
					do(p, m.GetSum().GetIsMonotonic())
				}
				for _, p := range m.GetGauge().GetDataPoints() {
					do(p, false)
				}
			}
		}
	}
}

// of is the export of an instance at a time. Its counters have risen by a step an
// export.
func (t *template) of(instance string, at time.Time, exports int64) *collectorpb.ExportMetricsServiceRequest {
	r := proto.CloneOf(t.request)
	for _, a := range r.GetResourceMetrics()[0].GetResource().GetAttributes() {
		if a.GetKey() == instanceKey {
			a.GetValue().Reset()
			a.Value = text(instance)
		}
	}
	now := uint64(at.UnixNano())
	points(r, func(p *metricspb.NumberDataPoint, counter bool) {
		p.TimeUnixNano = now
		if n, ok := p.GetValue().(*metricspb.NumberDataPoint_AsInt); ok && counter && n.AsInt > 0 {
			n.AsInt += 1000 * exports
		}
	})
	return r
}
