package poolconfig

import (
	"fmt"
	"slices"
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

func (v *duration) parse(d *decoder, n *yaml.Node, path string) {
	t, err := time.ParseDuration(d.scalar(n))
	*v = duration(t)
	d.wrongIf(err != nil || t <= 0, n, path, "use a time like 250ms, 10s or 5m")
}

func (v duration) String() string { return time.Duration(v).String() }

// share is a number above 0 and up to 1.
type share float64

func (v *share) parse(d *decoder, n *yaml.Node, path string) {
	f, err := strconv.ParseFloat(d.scalar(n), 64)
	*v = share(f)
	d.wrongIf(err != nil || !(f > 0 && f <= 1), n, path, "use a number above 0 and up to 1")
}

func (v share) String() string { return strconv.FormatFloat(float64(v), 'g', -1, 64) }

// forceGC is an adaptive.ForceGC.
type forceGC adaptive.ForceGC

var forceGCs = []string{adaptive.ForceGCAuto: "auto", adaptive.ForceGCNever: "never", adaptive.ForceGCAlways: "always"}

func (v *forceGC) parse(d *decoder, n *yaml.Node, path string) {
	*v = forceGC(d.oneOf(n, path, forceGCs))
}

func (v forceGC) String() string { return forceGCs[min(int(v), len(forceGCs)-1)] }

// band is an adaptive.Band.
type band struct {
	Enter *setting[share] `json:"enter,omitempty" jsonschema:"where the level begins"`
	Exit  *setting[share] `json:"exit,omitempty" jsonschema:"where the level ends, when falling below it"`
}

func (v *band) parse(d *decoder, n *yaml.Node, path string) {
	d.object(n, path, v)
	d.wrongIf(n.Kind == yaml.MappingNode && (v.Enter == nil || v.Exit == nil), n, path, "give both enter and exit")
}

func (v band) String() string {
	if v.Enter == nil || v.Exit == nil {
		return "{}"
	}
	return fmt.Sprintf("{enter: %v, exit: %v}", v.Enter.value, v.Exit.value)
}

func (v band) band() adaptive.Band {
	if v.Enter == nil || v.Exit == nil {
		return adaptive.Band{}
	}
	return adaptive.Band{Enter: float64(v.Enter.value), Exit: float64(v.Exit.value)}
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
	if d.Registry == nil {
		d.Registry = c.registry
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	config, choices := c.state.Load().control(d)
	ctl, err := adaptive.New(config)
	if err != nil {
		return nil, explainControl(err, choices)
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
		i := slices.IndexFunc(choices, func(c choice) bool { return c.field == managesField })
		p.add(choices[i].from, managesField, choices[i].value, madeWith("controller", boolean(ctl.manages).String()))
		return p.Err()
	}
	return explainControl(ctl.Configure(config), choices)
}

func explainControl(err error, choices []choice) error {
	if err == nil {
		return nil
	}
	return explain(err, choices, func(field string) string { return field })
}

// checkController refuses settings that no controller can have, before there is
// one.
func (s *state) checkController() error {
	config, choices := s.control(adaptive.Config{})
	return explainControl(config.Validate(), choices)
}

// control is a controller's config under a state. The controller itself chooses
// the settings that neither the code nor the configuration has.
func (s *state) control(c adaptive.Config) (adaptive.Config, []choice) {
	k := s.env.Controller
	fill(&k, &s.doc.Controller, controllerFields)
	var all []choice
	choose(&all, "break_even", "BreakEven", k.BreakEven, duration(c.BreakEven), func(v duration) { c.BreakEven = time.Duration(v) })
	choose(&all, "clamp", "Clamp", k.Clamp, share(c.Clamp), func(v share) { c.Clamp = float64(v) })
	choose(&all, "half_life", "HalfLife", k.HalfLife, duration(c.HalfLife), func(v duration) { c.HalfLife = time.Duration(v) })
	choose(&all, "interval", "Interval", k.Interval, duration(c.Interval), func(v duration) { c.Interval = time.Duration(v) })
	choose(&all, "pressure_interval", "PressureInterval", k.PressureInterval, duration(c.PressureInterval),
		func(v duration) { c.PressureInterval = time.Duration(v) })
	choose(&all, "memory_limit", "MemoryLimit", k.MemoryLimit, size(c.MemoryLimit), func(v size) { c.MemoryLimit = int64(v) })
	choose(&all, "manage_memory_limit", "ManageMemoryLimit", k.ManageLimit, boolean(c.ManageMemoryLimit),
		func(v boolean) { c.ManageMemoryLimit = bool(v) })
	choose(&all, "dwell", "Dwell", k.Dwell, duration(c.Dwell), func(v duration) { c.Dwell = time.Duration(v) })
	choose(&all, "force_gc", "ForceGC", k.ForceGC, forceGC(c.ForceGC), func(v forceGC) { c.ForceGC = adaptive.ForceGC(v) })
	choose(&all, "elevated", "Levels.Elevated", k.Elevated, bandOf(c.Levels.Elevated), func(v band) { c.Levels.Elevated = v.band() })
	choose(&all, "high", "Levels.High", k.High, bandOf(c.Levels.High), func(v band) { c.Levels.High = v.band() })
	choose(&all, "critical", "Levels.Critical", k.Critical, bandOf(c.Levels.Critical), func(v band) { c.Levels.Critical = v.band() })
	for i := range all {
		all[i].field = below("controller", all[i].field)
	}
	budget := choice{field: "budget", parameter: "MaxIdleBytes", value: limit(c.MaxIdleBytes).String(), from: code}
	if b := s.budgetOf(); b != nil {
		c.MaxIdleBytes = int64(b.value)
		budget.value, budget.from = b.show()
	}
	return c, append(all, budget)
}

func bandOf(b adaptive.Band) band {
	if b == (adaptive.Band{}) {
		return band{}
	}
	return band{Enter: &setting[share]{value: share(b.Enter)}, Exit: &setting[share]{value: share(b.Exit)}}
}
