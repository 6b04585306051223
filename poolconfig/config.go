package poolconfig

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/ask"
)

// Options says where a configuration comes from and which registry it applies
// to. The zero value works.
type Options struct {
	// File is the document, YAML or JSON. "" is the file that the environment
	// variable OTELPOOL_CONFIG names, or none without it.
	File string
	// Environ has the variables in the form of os.Environ, which is used for
	// nil.
	Environ []string
	// Registry has the pools; nil is pool.Default. The document's budget is the
	// registry's; without one, the registry's budget stays as it is at Load.
	Registry *pool.Registry
}

// Config is a configuration in force: the settings of the document and the
// environment, and the pools that they apply to. Its methods are safe for
// concurrent use. A nil *Config is a configuration without settings.
//
// Neither Get nor Put of a pool ever waits for a Config.
type Config struct {
	options  Options
	registry *pool.Registry
	initial  int64 // the budget's limit in code
	state    atomic.Pointer[state]

	taken atomic.Pointer[reading] // the document as last applied or refused

	mu         sync.Mutex                // one change at a time; guards the fields below
	made       map[pool.Source]*making   // pools made through the configuration that are open
	origins    map[pool.Source]*original // of other pools that it has changed
	controller *controlled               // the controller made through it, or nil
	asked      asked
}

// state is the document and environment as read. It is immutable.
type state struct {
	doc    *document
	sorted []*entry // the document's, most specific first
	env    *environment
}

// Load reads the document and the environment. Its error has a line for each
// mistake in either.
func Load(o Options) (*Config, error) {
	c := &Config{
		options: o, registry: cmp.Or(o.Registry, pool.Default), made: map[pool.Source]*making{}, origins: map[pool.Source]*original{},
		asked: asked{ask.Caller{Patience: answerWithin}, map[any]<-chan struct{}{}},
	}
	c.initial = c.registry.Budget().Limit()
	s, err := c.readState()
	if err != nil {
		return nil, err
	}
	c.state.Store(s)
	_ = c.setBudget(s) // in force; an eviction that is not done yet is no mistake of the document
	return c, nil
}

// File is the document's path, or "" if there is none.
func (c *Config) File() string {
	if c == nil {
		return ""
	}
	return cmp.Or(c.options.File, lookup(c.environ(), fileVariable))
}

func (c *Config) environ() []string {
	if c.options.Environ != nil {
		return c.options.Environ
	}
	return os.Environ()
}

func lookup(environ []string, name string) string {
	for _, v := range environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// readState reads the document and the environment. It changes nothing but taken.
func (c *Config) readState() (*state, error) {
	r := c.readDocument()
	c.taken.Store(&r)
	s := &state{doc: &document{}}
	docErr := r.err
	if file := c.File(); file != "" && docErr == nil {
		s.doc, docErr = parse(filepath.Base(file), []byte(r.text))
	}
	env, envErr := readEnvironment(c.environ())
	if err := errors.Join(docErr, envErr); err != nil {
		return nil, err
	}
	s.env, s.sorted = env, s.doc.Pools.bySpecificity()
	return s, s.checkController()
}

// readDocument reads the document, if there is one.
func (c *Config) readDocument() reading {
	if c.File() == "" {
		return reading{}
	}
	text, err := readFile(c.File())
	if err != nil {
		return reading{err: fmt.Errorf("poolconfig: the document: %w", err)}
	}
	return reading{text: string(text)}
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxDocument+1))
}

// of returns a pool's settings. Each field comes from the pool's own variable, the
// variable for all pools, or the document's most specific entry, in this order.
func (s *state) of(name string) settings {
	set := *s.env.of(name)
	fill(&set, &s.env.all)
	for _, e := range s.sorted {
		if matches(e.pattern, name) {
			fill(&set, &e.settings)
		}
	}
	return set
}

// budgetOf is the budget that a state sets, or nil.
func (s *state) budgetOf() *setting[limit] { return cmp.Or(s.env.Budget, s.doc.Budget) }

// setBudget sets a state's budget, and makes pools evict down to it, first the
// objects least likely to be needed soon. With a controller it does nothing:
// the controller sets the budget, within its MaxIdleBytes.
func (c *Config) setBudget(s *state) error {
	if c.registry.Controller() != nil {
		return nil
	}
	want, _ := orCode(s.budgetOf(), limit(c.initial))
	b := c.registry.Budget()
	if b.Limit() == int64(want) {
		return nil
	}
	b.SetLimit(int64(want))
	return c.reclaim()
}
