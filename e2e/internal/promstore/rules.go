package promstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// Rule is a recording rule or an alert.
type Rule struct {
	Group, Name, Expr string
	Alert             bool
}

// Alert is one that is pending or fires.
type Alert struct {
	Name, Severity string
	Firing         bool
	Labels         map[string]string
	Annotations    map[string]string
}

func (s *Store) load(files []string, log *slog.Logger) error {
	m := rules.NewManager(&rules.ManagerOptions{
		QueryFunc: rules.EngineQueryFunc(s.engine, s.db), AppendableV2: s.db, Queryable: s.db,
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Context:    context.Background(), Logger: log, Parser: parser.NewParser(parser.Options{}),
	})
	for _, file := range files {
		groups, errs := m.LoadGroups(ScrapeInterval, labels.EmptyLabels(), "", nil, false, file)
		if len(errs) > 0 {
			return fmt.Errorf("promstore: %w", errors.Join(errs...))
		}
		for _, g := range groups {
			s.groups = append(s.groups, g)
			for _, r := range g.AlertingRules() {
				r.SetRestored(true) // there is no earlier life to restore: else ALERTS is not written
			}
		}
	}
	// The server starts each group at its own moment. By name the order is at least
	// the same every time.
	slices.SortFunc(s.groups, func(a, b *rules.Group) int { return strings.Compare(a.Name(), b.Name()) })
	return nil
}

// Evaluate runs every rule once.
func (s *Store) Evaluate(ctx context.Context, at time.Time) error {
	var errs []error
	for _, g := range s.groups {
		g.Eval(ctx, at)
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				errs = append(errs, fmt.Errorf("promstore: rule %s: %w", r.Name(), err))
			}
		}
	}
	return errors.Join(errs...)
}

// Rules returns every rule that is loaded.
func (s *Store) Rules() (list []Rule) {
	for _, g := range s.groups {
		for _, r := range g.Rules() {
			_, alert := r.(*rules.AlertingRule)
			list = append(list, Rule{Group: g.Name(), Name: r.Name(), Expr: r.Query().String(), Alert: alert})
		}
	}
	return list
}

// Alerts returns the alerts that are pending or firing.
func (s *Store) Alerts() (list []Alert) {
	for _, g := range s.groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				list = append(list, Alert{
					Name: r.Name(), Severity: a.Labels.Get("severity"), Firing: a.State == rules.StateFiring,
					Labels: a.Labels.Map(), Annotations: a.Annotations.Map(),
				})
			}
		}
	}
	return list
}
