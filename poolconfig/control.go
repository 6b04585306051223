package poolconfig

import (
	"cmp"
	"fmt"
	"strconv"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/otelpool/pool/adaptive"
	"github.com/otelpool/pool/control"
)

// controller has the settings of the controller.
type controller struct {
	BreakEven        *setting[duration] `json:"break_even,omitempty" live:"yes" jsonschema:"How long holding a free object costs as much as allocating another."`
	Clamp            *setting[share]    `json:"clamp,omitempty" live:"yes" jsonschema:"Objects are kept for at least this share of break_even and at most break_even divided by it."`
	HalfLife         *setting[duration] `json:"half_life,omitempty" live:"yes" jsonschema:"How long it takes until old observations of demand count half."`
	Interval         *setting[duration] `json:"interval,omitempty" live:"yes" jsonschema:"Time between runs while memory is not short."`
	PressureInterval *setting[duration] `json:"pressure_interval,omitempty" live:"yes" jsonschema:"Time between runs while memory is short."`
	MemoryLimit      *setting[size]     `json:"memory_limit,omitempty" live:"yes" jsonschema:"Most bytes that the process should use, where neither GOMEMLIMIT nor a control group says less."`
	ManageLimit      *setting[boolean]  `json:"manage_memory_limit,omitempty" jsonschema:"Whether the controller sets the runtime's memory limit to nine tenths of the control group's, if nobody has set one."`
	Dwell            *setting[duration] `json:"dwell,omitempty" live:"yes" jsonschema:"How long memory must have been less short before a pressure level is left."`
	ForceGC          *setting[forceGC]  `json:"force_gc,omitempty" live:"yes" jsonschema:"Whether a collection is asked for after a large trim under pressure."`
	Elevated         *setting[band]     `json:"elevated,omitempty" live:"yes" jsonschema:"Shares of the memory limit in live memory at which the level elevated begins and ends."`
	High             *setting[band]     `json:"high,omitempty" live:"yes" jsonschema:"The same for the level high."`
	Critical         *setting[band]     `json:"critical,omitempty" live:"yes" jsonschema:"The same for the level critical."`
}

func (c *controller) decode(d *decoder, n *yaml.Node, path string) { d.object(n, path, c) }

// duration is a time.Duration.
type duration time.Duration

func (v *duration) decode(d *decoder, n *yaml.Node, path string) {
	t, err := time.ParseDuration(d.scalar(n))
	*v = duration(t)
	d.wrongIf(err != nil || t <= 0, n, path, "use a time like 250ms, 10s or 5m")
}

func (v duration) String() string { return time.Duration(v).String() }

// share is a number above 0 and up to 1.
type share float64

func (v *share) decode(d *decoder, n *yaml.Node, path string) {
	f, err := strconv.ParseFloat(d.scalar(n), 64)
	*v = share(f)
	d.wrongIf(err != nil || !(f > 0 && f <= 1), n, path, "use a number above 0 and up to 1")
}

func (v share) String() string { return strconv.FormatFloat(float64(v), 'g', -1, 64) }

// forceGC is an adaptive.ForceGC.
type forceGC adaptive.ForceGC

var forceGCs = []string{adaptive.ForceGCAuto: "auto", adaptive.ForceGCNever: "never", adaptive.ForceGCAlways: "always"}

func (v *forceGC) decode(d *decoder, n *yaml.Node, path string) {
	*v = forceGC(d.oneOf(n, path, forceGCs))
}

func (v forceGC) String() string { return forceGCs[min(int(v), len(forceGCs)-1)] }

// band is an adaptive.Band.
type band adaptive.Band

// bounds are a band's, as a document writes them.
type bounds struct {
	Enter *setting[share] `json:"enter,omitempty" jsonschema:"where the level begins"`
	Exit  *setting[share] `json:"exit,omitempty" jsonschema:"where the level ends, when falling below it"`
}

func (v *band) decode(d *decoder, n *yaml.Node, path string) {
	var b bounds
	d.object(n, path, &b)
	if b.Enter != nil && b.Exit != nil {
		*v = band{Enter: float64(b.Enter.value), Exit: float64(b.Exit.value)}
		return
	}
	d.wrongIf(n.Kind == yaml.MappingNode, n, path, "give both enter and exit")
}

func (v band) String() string {
	if v == (band{}) {
		return "{}"
	}
	return fmt.Sprintf("{enter: %v, exit: %v}", share(v.Enter), share(v.Exit))
}

// controlled is a controller made through a configuration.
type controlled struct {
	*adaptive.Controller
	inCode  adaptive.Config
	manages bool // the runtime's memory limit, for life
}

const managesField = "controller.manage_memory_limit"

// NewController is adaptive.New with the configuration's settings: d has the
// code's values, which apply where the configuration sets none. The document's
// budget is the controller's MaxIdleBytes. A reload reconfigures the
// controller. A configuration has one controller, as a registry has.
func NewController(c *Config, d adaptive.Config) (*adaptive.Controller, error) {
	if c == nil {
		return adaptive.New(d)
	}
	d.Registry = cmp.Or(d.Registry, c.registry)
	c.mu.Lock()
	defer c.mu.Unlock()
	config, choices := c.state.Load().control(d)
	ctl, err := adaptive.New(config)
	if err != nil {
		return nil, explain(err, choices, "")
	}
	if d.Registry == c.registry {
		c.controller = &controlled{ctl, d, config.ManageMemoryLimit}
	}
	return ctl, nil
}

// ours returns the controller if it was made through the configuration and is
// still the registry's.
func (c *Config) ours() *controlled {
	if ctl := c.controller; ctl != nil && c.registry.Controller() == control.Controller(ctl.Controller) {
		return ctl
	}
	return nil
}

// configure gives the controller the settings of a state, or refuses them.
func (ctl *controlled) configure(s *state) error {
	if ctl == nil {
		return nil
	}
	config, choices := s.control(ctl.inCode)
	if config.ManageMemoryLimit != ctl.manages {
		var p problems
		manages := find(choices, func(c choice) bool { return c.field == managesField })
		p.add(manages.from, managesField, manages.value, madeWith("controller", boolean(ctl.manages).String()))
		return p.Err()
	}
	return explain(ctl.Configure(config), choices, "")
}

// checkController refuses settings that no controller can have, before there is
// one.
func (s *state) checkController() error {
	config, choices := s.control(adaptive.Config{})
	return explain(config.Validate(), choices, "")
}

// control is a controller's config under a state. The controller itself chooses
// the settings that neither the code nor the configuration has.
func (s *state) control(c adaptive.Config) (adaptive.Config, []choice) {
	k := s.env.Controller
	fill(&k, &s.doc.Controller)
	var all []choice
	choose(&all, "controller.break_even", "BreakEven", k.BreakEven, (*duration)(&c.BreakEven))
	choose(&all, "controller.clamp", "Clamp", k.Clamp, (*share)(&c.Clamp))
	choose(&all, "controller.half_life", "HalfLife", k.HalfLife, (*duration)(&c.HalfLife))
	choose(&all, "controller.interval", "Interval", k.Interval, (*duration)(&c.Interval))
	choose(&all, "controller.pressure_interval", "PressureInterval", k.PressureInterval, (*duration)(&c.PressureInterval))
	choose(&all, "controller.memory_limit", "MemoryLimit", k.MemoryLimit, (*size)(&c.MemoryLimit))
	choose(&all, managesField, "ManageMemoryLimit", k.ManageLimit, (*boolean)(&c.ManageMemoryLimit))
	choose(&all, "controller.dwell", "Dwell", k.Dwell, (*duration)(&c.Dwell))
	choose(&all, "controller.force_gc", "ForceGC", k.ForceGC, (*forceGC)(&c.ForceGC))
	choose(&all, "controller.elevated", "Levels.Elevated", k.Elevated, (*band)(&c.Levels.Elevated))
	choose(&all, "controller.high", "Levels.High", k.High, (*band)(&c.Levels.High))
	choose(&all, "controller.critical", "Levels.Critical", k.Critical, (*band)(&c.Levels.Critical))
	choose(&all, "budget", "MaxIdleBytes", s.budgetOf(), (*limit)(&c.MaxIdleBytes))
	return c, all
}
