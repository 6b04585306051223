package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// figure is a pool's hits, as the store has them.
type figure struct {
	pool string
	hits float64
}

// hits asks the store for what has come all the way through it.
const hits = `sum by (otelpool_pool_name) (otelpool_requests_total{otelpool_request_result="hit"}) > 0`

// awaitFigures waits until the gateway's figures are in the store.
func (s *stack) awaitFigures(ctx context.Context) (figures []figure, err error) {
	ctx, cancel := context.WithTimeout(ctx, healthyWithin)
	defer cancel()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		if figures, err = s.query(ctx, hits); err == nil && len(figures) > 0 {
			return figures, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("no figures of the gateway in the store after %v", healthyWithin), err)
		case <-s.gateway.Exited:
			return nil, s.gateway.Failure()
		case <-s.store.Exited:
			return nil, s.store.Failure()
		case <-tick.C:
		}
	}
}

// query is an instant query, by Prometheus' API.
func (s *stack) query(ctx context.Context, expr string) (figures []figure, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.storeURL()+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("query: %s: %w", resp.Status, err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("query: %s: %s", resp.Status, answer.Error)
	}
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("query: value %v: %w", r.Value, err)
		}
		figures = append(figures, figure{r.Metric["otelpool_pool_name"], n})
	}
	slices.SortFunc(figures, func(a, b figure) int { return int(b.hits - a.hits) })
	return figures, nil
}

// look is what a scenario has to show, and where.
var look = map[string]string{
	"steady":  "Pools: hits near 100 %, nothing dropped, in use flat",
	"burst":   "Pools, Requests by result: the bursts; Controller: what stays idle between them",
	"diurnal": "Pools, Held idle: it follows the day, which takes a minute",
	"leak":    "Pools, Does anything leak: in use of gateway.bodies rises and does not fall",
	"squeeze": "Controller, How short of memory is it: every half minute, and what was let go",
}

// tell says where to look.
func (s *stack) tell(out io.Writer, figures []figure) {
	fmt.Fprintf(out, "\nThe store has hits of %d pools:", len(figures))
	for _, f := range figures {
		fmt.Fprintf(out, " %s %.0f", f.pool, f.hits)
	}
	fmt.Fprintf(out, `

  dashboards  %[1]s/vmui/#/dashboards   Pools, Pool, Controller: a row's title is the question it answers
  queries     %[1]s/vmui/               for example: %[2]s
  live page   %[3]s/debug/pools/        the gateway's own view, each second
  OTLP        http://%[4]s (gRPC)          for a service of your own

Scenario %[5]s. %[6]s
Ctrl-C stops everything.
`, s.storeURL(), hits, s.gatewayURL(), on(s.ports.collector.GRPC), s.config.scenario, look[s.config.scenario])
}
