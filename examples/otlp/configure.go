package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/poolconfig"
)

// configuration is the pools' configuration and what became of its last reload.
type configuration struct {
	*poolconfig.Config
	last atomic.Pointer[string]
}

// configure reads the document of -config, or of OTELPOOL_CONFIG, and the other
// OTELPOOL_* variables.
func configure(file string, r *pool.Registry) (*configuration, error) {
	c, err := poolconfig.Load(poolconfig.Options{File: file, Registry: r})
	return &configuration{Config: c}, err
}

// watch reloads the document when it changes and on SIGHUP, until ctx is done
// and the returned function has been called. Without a document, SIGHUP ends the
// program as it always does.
func (c *configuration) watch(ctx context.Context, warn func(string)) (wait func()) {
	if c.File() == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Watch(ctx, func(err error) { c.reloaded(err, warn) })
	}()
	return func() { <-done }
}

func (c *configuration) reloaded(err error, warn func(string)) {
	text := "reloaded at " + time.Now().Format(time.TimeOnly)
	if err != nil {
		text = strings.ReplaceAll(err.Error(), "\n", "; ")
		warn("not reloaded: " + text)
	}
	c.last.Store(&text)
}

// status is one line for the screen, or "" if nothing has been reloaded.
func (c *configuration) status() string {
	if last := c.last.Load(); last != nil {
		return "\nconfiguration: " + *last
	}
	return ""
}

// printConfig says what is in force in the gateway's pools, and where each
// value came from. What it prints is a document.
func printConfig(c *config, r *pool.Registry, to io.Writer) error {
	conf, err := configure(c.configFile, r)
	if err != nil {
		return err
	}
	p, err := pooled(r, conf.Config)
	if err != nil {
		return err
	}
	defer p.close()
	ctl, err := newControl(c, r, conf.Config)
	if err != nil {
		return err
	}
	defer ctl.close()
	_, err = fmt.Fprint(to, conf.Effective())
	return err
}
