package promstore

import (
	"errors"
	"io"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

type sample struct {
	labels labels.Labels
	value  float64
}

// parse reads the text format 0.0.4.
func parse(text string) (samples []sample, err error) {
	p := textparse.NewPromParser([]byte(text), labels.NewSymbolTable(), false)
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return nil, err
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var s sample
		_, _, s.value = p.Series()
		p.Labels(&s.labels)
		samples = append(samples, s)
	}
}
