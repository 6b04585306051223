package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/otelpool/pool/e2e/internal/dashboards"
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

// look says what each scenario shows, and in which row of which page. The UI opens
// the first page and unfolds its first row, so that row has to be the scenario's.
var look = map[string]struct{ page, row, what string }{
	"steady":  {"otelpool-pools", "Do requests find a free object?", "hits near 100 %, and nothing dropped below"},
	"burst":   {"otelpool-pools", "Do requests find a free object?", "the bursts, and what they cost"},
	"diurnal": {"otelpool-pools", "Who holds memory, and may they?", "what is held follows the day, which takes a minute"},
	"leak":    {"otelpool-pools", "Does anything leak, or misuse what it gets?", "in use of gateway.bodies rises and does not fall"},
	"squeeze": {"otelpool-controller", "How short of memory is it?", "the pressure of each half minute, and below it what was let go"},
}

// writeDashboards writes the pages for the store's UI, which sorts them by file.
func (s *stack) writeDashboards(dir string) error {
	at, known := look[s.config.scenario]
	for i, p := range dashboards.Pages() {
		if known && p.UID == at.page {
			var err error
			if p, err = p.First(at.row); err != nil {
				return err
			}
			i = -1
		}
		text, err := p.VMUI()
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d-%s.json", i+1, p.UID)), text, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pagesURL opens the pages at the last five minutes, because the default half hour
// would be mostly empty.
func (s *stack) pagesURL() string {
	return s.storeURL() + "/vmui/#/dashboards?g0.relative_time=last_5_minutes"
}

// tell says where to look.
func (s *stack) tell(out io.Writer, figures []figure) {
	fmt.Fprintf(out, "\nThe store has hits of %d pools:", len(figures))
	for _, f := range figures {
		fmt.Fprintf(out, " %s %.0f", f.pool, f.hits)
	}
	fmt.Fprintf(out, `

  dashboards  %[1]s
              Pools, Pool, Controller: a row's title is the question it answers. For
              figures that move, choose 5s beside the arrows at the top right.
  queries     %[2]s/vmui/               for example: %[3]s
  live page   %[4]s        the gateway's own view, each second
  OTLP        http://%[5]s (gRPC)          for a service of your own

Scenario %[6]s. %[7]s
Ctrl-C stops everything.
`, s.pagesURL(), s.storeURL(), hits, s.liveURL(), on(s.ports.collector.GRPC), s.config.scenario, s.whatToSee())
}

func (s *stack) whatToSee() string {
	at, known := look[s.config.scenario]
	if !known {
		return ""
	}
	return fmt.Sprintf("The first row of the dashboards, %q: %s.", at.row, at.what)
}
