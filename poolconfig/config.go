package poolconfig

import (
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

	mu         sync.Mutex  // one change at a time; guards the fields below
	taken      reading     // the document as last applied or refused
	made       []*making   // pools made through the configuration that are open
	origins    []original  // of other pools that it has changed
	controller *controlled // the controller made through it, or nil
	asked      asked
}

// state is the document and environment as read. It is immutable.
type state struct {
	doc     *document
	sorted  []*entry // the document's, most specific first
	env     *environment
	environ []string
}

// Load reads the document and the environment. Its error has a line for each
// mistake in either.
func Load(o Options) (*Config, error) {
	c := &Config{options: o, registry: o.Registry, asked: asked{ask.Caller{Patience: answerWithin}, map[any]<-chan struct{}{}}}
	if c.registry == nil {
		c.registry = pool.Default
	}
	c.initial = c.registry.Budget().Limit()
	c.taken = c.readDocument()
	s, err := c.stateOf(c.taken)
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
	if c.options.File != "" {
		return c.options.File
	}
	return lookup(c.environ(), fileVariable)
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

// stateOf parses a document that was read, and the environment. It changes nothing.
func (c *Config) stateOf(r reading) (*state, error) {
	s := &state{doc: &document{}, environ: c.environ()}
	docErr := r.err
	if file := c.File(); file != "" && docErr == nil {
		s.doc, docErr = parse(filepath.Base(file), []byte(r.text))
	}
	env, envErr := readEnvironment(s.environ)
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
	set.fill(&s.env.all)
	for _, e := range s.sorted {
		if matches(e.pattern, name) {
			set.fill(&e.settings)
		}
	}
	return set
}

// demands reports whether a setting is meant for this pool alone: then the pool
// must be able to have it.
func (s *state) demands(name string, f fieldInfo, from origin) bool {
	if own := s.env.of(name).at(f); own != nil {
		return true
	}
	for _, e := range s.doc.Pools {
		if v := e.at(f); v != nil && isName(e.pattern) && e.pattern == name {
			_, at := v.show()
			return at == from
		}
	}
	return false
}

// budgetOf is the budget that a state sets, or nil.
func (s *state) budgetOf() *setting[limit] {
	if s.env.Budget != nil {
		return s.env.Budget
	}
	return s.doc.Budget
}

// setBudget sets a state's budget, and makes pools evict down to it, first the
// objects least likely to be needed soon. With a controller it does nothing:
// the controller sets the budget, within its MaxIdleBytes.
func (c *Config) setBudget(s *state) error {
	if c.registry.Controller() != nil {
		return nil
	}
	want, b := c.initial, c.registry.Budget()
	if asked := s.budgetOf(); asked != nil {
		want = int64(asked.value)
	}
	if b.Limit() != want {
		b.SetLimit(want)
		return c.reclaim()
	}
	return nil
}
