package main

import (
	"fmt"
	"strings"
)

// ceiling is a bound that depends on who made the processor: a number for all, or
// {amd: x, intel: y}.
type ceiling struct{ AMD, Intel float64 }

// UnmarshalYAML reads either form.
func (c *ceiling) UnmarshalYAML(unmarshal func(any) error) error {
	var all float64
	if err := unmarshal(&all); err == nil {
		*c = ceiling{all, all}
		return nil
	}
	var each struct{ AMD, Intel *float64 }
	if err := unmarshal(&each); err != nil {
		return err
	}
	if each.AMD == nil || each.Intel == nil {
		return fmt.Errorf("a bound by processor: give {amd: x, intel: y}")
	}
	*c = ceiling{*each.AMD, *each.Intel}
	return nil
}

// at is the bound on a processor, by its name; the looser one where that is of
// neither.
func (c *ceiling) at(cpu string) float64 {
	switch {
	case strings.Contains(cpu, "AMD"):
		return c.AMD
	case strings.Contains(cpu, "Intel"):
		return c.Intel
	default:
		return max(c.AMD, c.Intel)
	}
}
