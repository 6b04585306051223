package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor that exporters ask for
	"google.golang.org/grpc/metadata"
)

// player sends the exports of all instances, evenly over the interval, as a fleet
// that was started at different times does.
type player struct {
	template *template
	client   collectorpb.MetricsServiceClient
	conn     *grpc.ClientConn
	sent     atomic.Int64
	refused  atomic.Int64
	late     atomic.Int64 // exports that began more than an interval after their time
	took     atomic.Int64 // nanoseconds, all together
	history  *history     // if not nil, has every export
}

func newPlayer(t *template, target string, options ...grpc.DialOption) (*player, error) {
	conn, err := grpc.NewClient(target, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil, err
	}
	return &player{template: t, conn: conn, client: collectorpb.NewMetricsServiceClient(conn)}, nil
}

func (p *player) reset() {
	p.sent.Store(0)
	p.refused.Store(0)
	p.late.Store(0)
	p.took.Store(0)
}

const senders = 8 // exports under way at one time

// play goes on until the context ends.
func (p *player) play(ctx context.Context, n int, interval time.Duration) {
	type job struct {
		instance int
		export   int64
		due      time.Time
	}
	jobs := make(chan job)
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for j := range jobs {
				if time.Since(j.due) > interval {
					p.late.Add(1)
				}
				p.export(ctx, j.instance, j.export)
			}
		})
	}
	start, gap := time.Now(), interval/time.Duration(n)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := int64(0); ; i++ {
		due := start.Add(time.Duration(i) * gap)
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-ctx.Done():
			close(jobs)
			wg.Wait()
			return
		}
		select {
		case jobs <- job{int(i % int64(n)), i / int64(n), due}:
		case <-ctx.Done():
		}
	}
}

func (p *player) export(ctx context.Context, instance int, export int64) {
	start, name := time.Now(), fmt.Sprintf("fleet-%04d", instance)
	p.history.add(name, start, export)
	to := metadata.AppendToOutgoingContext(ctx, "x-instance", name)
	_, err := p.client.Export(to, p.template.of(name, start, export), grpc.UseCompressor("gzip"))
	switch {
	case ctx.Err() != nil: // it is over
	case err != nil:
		p.refused.Add(1)
	default:
		p.sent.Add(1)
		p.took.Add(int64(time.Since(start)))
	}
}

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}
