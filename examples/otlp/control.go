package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolconfig"
)

// control is the pools' controller, and the goroutine that runs it. The methods
// of a nil control do nothing.
type sizer struct {
	ctl  *adaptive.Controller
	stop func() // returns when it has stopped
}

// newControl makes the controller that the command line asks for, as a
// configuration will have it; it does not run yet.
func newControl(c *config, r *pool.Registry, conf *poolconfig.Config) (*sizer, error) {
	if c.controller == "off" || c.noPool {
		return nil, nil //nolint:nilnil // a nil control is one that is off
	}
	ctl, err := poolconfig.NewController(conf, adaptive.Config{Registry: r, ManageMemoryLimit: c.manageLimit})
	if err != nil {
		return nil, err
	}
	return &sizer{ctl: ctl, stop: func() {}}, nil
}

// start runs the controller until it is paused. A controller that ends leaves
// the pools to their own idle ages: the gateway goes on.
func (c *sizer) start(warn func(string)) {
	if c == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.ctl.Run(ctx); err != nil {
			warn(err.Error())
		}
	}()
	c.stop = func() { cancel(); <-done }
}

func (c *sizer) pause() {
	if c != nil {
		c.stop()
	}
}

func (c *sizer) close() {
	if c != nil {
		c.stop()
		c.ctl.Close()
	}
}

// stats is nil where there is no controller.
func (c *sizer) stats() *control.Stats {
	if c == nil {
		return nil
	}
	s := new(control.Stats)
	c.ctl.ControllerStats(s)
	return s
}

// controlLines is a controller's state and its last decision.
func controlLines(s *control.Stats, now time.Time) []string {
	if s == nil {
		return []string{"controller: off"}
	}
	level := s.Level.String()
	if s.Level > control.PressureNone {
		level = fmt.Sprintf("%s for %v, because of %s", s.Level, now.Sub(s.Since).Round(time.Second), s.Cause)
	}
	lines := []string{
		fmt.Sprintf(
			"controller: memory pressure %s; all pools may hold %s, and hold %s",
			level,
			limitText(s.Limit),
			bytesText(float64(s.Idle)),
		),
	}
	if n := len(s.Decisions); n > 0 {
		d := &s.Decisions[n-1]
		lines = append(lines, "  last decision, "+now.Sub(d.Time).Round(time.Second).String()+" ago: "+decisionText(d))
	}
	return lines
}

// decisionText is a decision for people, on one line.
func decisionText(d *control.Decision) string {
	var b strings.Builder
	if d.From != d.To {
		fmt.Fprintf(&b, "pressure %s → %s, ", d.From, d.To)
	}
	switch {
	case d.Limit != d.LimitBefore:
		fmt.Fprintf(&b, "limit %s → %s", limitText(d.LimitBefore), limitText(d.Limit))
	default:
		b.WriteString(d.Action.String())
	}
	if d.Freed > 0 {
		fmt.Fprintf(&b, ", %s dropped", bytesText(float64(d.Freed)))
	}
	if d.ForcedGC {
		b.WriteString(", collection asked for")
	}
	if d.Reason != "" {
		fmt.Fprintf(&b, ": %s", d.Reason)
	}
	if d.Outcome != "" {
		fmt.Fprintf(&b, "; %s", d.Outcome)
	}
	return b.String()
}

func limitText(bytes int64) string {
	if bytes >= 1<<50 {
		return "any number of bytes"
	}
	return bytesText(float64(bytes))
}
