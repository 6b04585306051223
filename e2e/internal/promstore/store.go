package promstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

// Store is a database with an engine and rules. It is for one goroutine.
type Store struct {
	db      *tsdb.DB
	engine  *promql.Engine
	groups  []*rules.Group
	targets map[string]map[uint64]labels.Labels // what the last scrape of each had
}

// Open makes an empty store in a directory, with the rules of the files.
func Open(dir string, ruleFiles ...string) (*Store, error) {
	options := tsdb.DefaultOptions()
	options.RetentionDuration = 0
	// So that days of made-up time stay in memory and can be appended to.
	options.MinBlockDuration = (30 * 24 * time.Hour).Milliseconds()
	options.MaxBlockDuration = options.MinBlockDuration
	quiet := slog.New(slog.DiscardHandler)
	db, err := tsdb.Open(dir, quiet, nil, options, nil)
	if err != nil {
		return nil, fmt.Errorf("promstore: %w", err)
	}
	s := &Store{db: db, targets: map[string]map[uint64]labels.Labels{}, engine: promql.NewEngine(promql.EngineOpts{
		Logger: quiet, MaxSamples: 5e6, Timeout: 10 * time.Second,
		EnableAtModifier: true, EnableNegativeOffset: true, // as the server has them
		NoStepSubqueryIntervalFn: func(int64) int64 { return ScrapeInterval.Milliseconds() },
		Parser:                   parser.NewParser(parser.Options{}),
	})}
	if err := s.load(ruleFiles, quiet); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// ScrapeInterval is the interval in deploy/prometheus/prometheus.yml.
const ScrapeInterval = 15 * time.Second

// Close closes the database and leaves its directory.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("promstore: %w", err)
	}
	return nil
}

// Tick is a scrape of one target with the text, and then a run of the rules.
func (s *Store) Tick(ctx context.Context, text string, at time.Time) error {
	if err := s.Scrape(ctx, "", text, at); err != nil {
		return err
	}
	return s.Evaluate(ctx, at)
}

// Scrape stores an exposition of a target. A series that the target's scrape
// before had and this one has not is marked as gone, as the server does.
func (s *Store) Scrape(ctx context.Context, target, text string, at time.Time) error {
	samples, err := parse(text)
	if err != nil {
		return fmt.Errorf("promstore: %w", err)
	}
	now := map[uint64]labels.Labels{}
	a := s.db.AppenderV2(ctx)
	for _, sample := range samples {
		now[sample.labels.Hash()] = sample.labels
		err = errors.Join(err, appendTo(a, sample.labels, at, sample.value))
	}
	for hash, l := range s.targets[target] {
		if _, still := now[hash]; !still {
			err = errors.Join(err, appendTo(a, l, at, math.Float64frombits(value.StaleNaN)))
		}
	}
	s.targets[target] = now
	if err != nil {
		return fmt.Errorf("promstore: %w", errors.Join(err, a.Rollback()))
	}
	return a.Commit()
}

func appendTo(a storage.AppenderV2, l labels.Labels, at time.Time, v float64) error {
	if _, err := a.Append(0, l, 0, at.UnixMilli(), v, nil, nil, storage.AppendV2Options{}); err != nil {
		return fmt.Errorf("%s: %w", l, err)
	}
	return nil
}

// Range runs a range query. Warnings, such as annotations of bad arguments, count as
// errors; infos do not.
func (s *Store) Range(ctx context.Context, expr string, from, to time.Time, step time.Duration) (promql.Matrix, error) {
	q, err := s.engine.NewRangeQuery(ctx, s.db, nil, expr, from, to, step)
	if err != nil {
		return nil, fmt.Errorf("promstore: %w", err)
	}
	defer q.Close()
	r := q.Exec(ctx)
	warnings, _ := r.Warnings.AsStrings(expr, 5, 0)
	if r.Err == nil && len(warnings) > 0 {
		r.Err = fmt.Errorf("%v", warnings)
	}
	if r.Err != nil {
		return nil, fmt.Errorf("promstore: %w", r.Err)
	}
	m, err := r.Matrix()
	if err != nil {
		return nil, fmt.Errorf("promstore: %w", err)
	}
	return detached(m), nil
}

// detached is a copy, for Close of a query takes its points back.
func detached(m promql.Matrix) promql.Matrix {
	c := make(promql.Matrix, 0, len(m))
	for _, series := range m {
		series.Floats = append([]promql.FPoint(nil), series.Floats...)
		c = append(c, series)
	}
	return c
}
