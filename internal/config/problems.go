package config

import (
	"errors"
	"fmt"

	"github.com/otelpool/pool"
)

// Problems collects what is wrong with a configuration, so that one error names
// all of it. Its zero value is for mistakes that Add brings whole.
type Problems struct {
	config string // the config's package and type
	other  string // for the next AddIf
	errs   []error
}

// ProblemsOf collects for a type of config: "strategies: SyncConfig".
func ProblemsOf(config string) Problems { return Problems{config: config} }

// Add notes a mistake.
func (p *Problems) Add(err error) { p.errs = append(p.errs, err) }

// Len is how many mistakes there are.
func (p *Problems) Len() int { return len(p.errs) }

// With names the field that the next one does not go together with.
func (p *Problems) With(other string) *Problems {
	p.other = other
	return p
}

// AddIf notes, if it is so, that a field has a value that it cannot have, and
// what would be right.
func (p *Problems) AddIf(wrong bool, field string, value any, remedy string) {
	if wrong {
		p.Add(&pool.ConfigError{Config: p.config, Field: field, Other: p.other, Value: fmt.Sprint(value), Remedy: remedy})
	}
	p.other = ""
}

// mostErrors is how many mistakes are worth reading.
const mostErrors = 100

// Err joins the mistakes; nil if there are none.
func (p *Problems) Err() error {
	if more := len(p.errs) - mostErrors; more > 0 {
		return errors.Join(append(p.errs[:mostErrors:mostErrors], fmt.Errorf("and %d mistakes more", more))...)
	}
	return errors.Join(p.errs...)
}
