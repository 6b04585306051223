// Package promstore is a Prometheus without its server: its time series database,
// query engine and rules, fed by hand at times of the caller's choosing.
//
//	s, err := promstore.Open(t.TempDir(), "rules/otelpool.yml")
//	defer s.Close()
//	for i := range 40 {
//		text, _ := collector.Scrape(ctx)
//		err = s.Tick(ctx, text, start.Add(time.Duration(i)*15*time.Second))
//	}
//	matrix, err := s.Range(ctx, `sum by (job) (rate(otelpool_requests_total[1m]))`, from, to, step)
//
// Since the times are made up, ten minutes of data take as long as it takes to
// scrape; counters rise as they do in real time, so rates are lower by the factor by
// which time runs faster. Ratios of rates are right.
package promstore
