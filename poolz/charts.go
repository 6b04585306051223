package poolz

import "math"

// sparkline is the number of samples of a row's chart.
const sparkline = 60

// points has the new points of charts, by the id of their element. The first
// column is the time in seconds since 1970.
type points struct {
	Append  map[string][][]float64 `json:"append"`
	Replace map[string][][]float64 `json:"replace"`
}

// plots are the charts of a pool's own page.
var plots = []struct {
	name   string
	series []func(*point) float32
}{
	{"requests", []func(*point) float32{
		func(p *point) float32 { return p.hits }, func(p *point) float32 { return p.misses }, func(p *point) float32 { return p.other },
	}},
	{"held", []func(*point) float32{func(p *point) float32 { return p.held }}},
	{"inuse", []func(*point) float32{func(p *point) float32 { return p.inUse }}},
	{"drops", []func(*point) float32{
		func(p *point) float32 { return p.dropped }, func(p *point) float32 { return p.evicted },
	}},
}

// charts returns the points that this viewer's charts lack: all that are kept
// for a new chart, else those since the last frame.
func (s *viewer) charts(v *view) points {
	p := points{Append: map[string][][]float64{}, Replace: map[string][][]float64{}}
	sent := map[string]uint64{}
	add := func(id string, t *track, most int, series []func(*point) float32) {
		from := max(0, len(t.points)-most)
		if last, ok := s.drawn[id]; ok && len(t.points) > 0 {
			from = max(from, len(t.points)-int(min(t.last-last, history)))
		}
		sent[id] = t.last
		if from < len(t.points) {
			p.Append[id] = t.columns(from, &v.frame.clock, series)
		}
	}
	if v.pool == "" {
		for _, t := range v.tracks {
			if t.stats.Knows.Requests != 0 {
				add("spark-"+t.id, t, sparkline, plots[0].series[:2])
			}
		}
	} else {
		for _, plot := range plots {
			add("plot-"+plot.name, v.tracks[0], history, plot.series)
		}
		p.Replace["plot-curve"] = curveColumns(v.Pools[0].Curve)
	}
	s.drawn = sent
	return p
}

func (t *track) columns(from int, c *clock, series []func(*point) float32) [][]float64 {
	columns := make([][]float64, 1+len(series))
	for i := from; i < len(t.points); i++ {
		at := c.at(t.seq(i))
		columns[0] = append(columns[0], math.Round(float64(at.UnixMilli())/100)/10)
		for k, value := range series {
			columns[k+1] = append(columns[k+1], math.Round(float64(value(&t.points[i]))*1000)/1000)
		}
	}
	return columns
}

func curveColumns(curve []sizePoint) [][]float64 {
	columns := [][]float64{{}, {}}
	for _, p := range curve {
		columns[0] = append(columns[0], float64(p.Bytes))
		columns[1] = append(columns[1], math.Round(p.HitRatio*1e5)/1e3)
	}
	return columns
}
