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
)

// Options says where a configuration comes from and what it is for. The zero
// Options is useful.
type Options struct {
	// File is the document, YAML or JSON. "" is the one that the environment
	// variable OTELPOOL_CONFIG names, and if there is none, none.
	File string
	// Environ is the variables, as os.Environ gives them, which nil stands for.
	Environ []string
	// Registry is where the pools are; nil is pool.Default.
	Registry *pool.Registry
	// Budget is what the document's budget sets, and what pools made through the
	// configuration share; its limit is the one that holds if the document has
	// none. nil is a new one without a limit.
	Budget *pool.Budget
}

// Config is a configuration in force: what the document and the environment
// say, and for which pools. Its methods are safe for concurrent use. Those of a
// nil Config are those of a configuration that says nothing.
//
// Neither Get nor Put of a pool ever waits for a Config.
type Config struct {
	options  Options
	registry *pool.Registry
	budget   *pool.Budget
	initial  int64 // the budget's limit in code
	state    atomic.Pointer[state]

	mu      sync.Mutex // one change at a time; guards what follows
	made    []*making  // pools made through the configuration that are open
	origins []original // of other pools that it has changed
}

// state is what was read. It does not change.
type state struct {
	text    string // the document's
	doc     *document
	sorted  []*entry // the document's, most specific first
	env     *environment
	environ []string
}

// Load reads the document and the environment. Its error says all that is wrong
// with either, a line each.
func Load(o Options) (*Config, error) {
	c := &Config{options: o, registry: o.Registry, budget: o.Budget}
	if c.registry == nil {
		c.registry = pool.Default
	}
	if c.budget == nil {
		c.budget = pool.NewBudget(pool.Unlimited)
	}
	c.initial = c.budget.Limit()
	s, err := c.read()
	if err != nil {
		return nil, err
	}
	c.state.Store(s)
	c.budget.SetLimit(int64(c.budgetOf(s).value))
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

// Budget is what pools made through the configuration share, unless their own
// configs name another; nil for a nil Config.
func (c *Config) Budget() *pool.Budget {
	if c == nil {
		return nil
	}
	return c.budget
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

// read reads everything anew and changes nothing.
func (c *Config) read() (*state, error) {
	s := &state{doc: &document{}, environ: c.environ()}
	var docErr error
	if file := c.File(); file != "" {
		text, err := readFile(file)
		if err == nil {
			s.text = string(text)
			s.doc, err = parse(filepath.Base(file), text)
		}
		docErr = err
	}
	env, envErr := readEnvironment(s.environ)
	if err := errors.Join(docErr, envErr); err != nil {
		return nil, err
	}
	s.env, s.sorted = env, s.doc.Pools.bySpecificity()
	return s, nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("poolconfig: the document: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("poolconfig: the document: %w", err)
	}
	return text, nil
}

// of is what a state says of a pool: of each field the environment's word on
// the pool, or on all pools, or that of the document's most specific entry.
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

// demands tells whether a setting is meant for this pool and no other: then the
// pool must be able to have it.
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

// budgetOf is the budget that a state asks for.
func (c *Config) budgetOf(s *state) setting[limit] {
	for _, b := range []*setting[limit]{s.env.Budget, s.doc.Budget} {
		if b != nil {
			return *b
		}
	}
	return setting[limit]{limit(c.initial), code}
}
