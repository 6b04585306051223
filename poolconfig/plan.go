package poolconfig

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/config"
)

// change is a set of changes to be made at once, and the problems that forbid
// it.
type change struct {
	problems
	config *Config
	state  *state
	notes  []func() // remember something when the change is made
}

// plan finds out what to change in a pool, and what forbids it.
func (ch *change) plan(s *subject) {
	ch.planFixed(s)
	ch.planLive(s)
}

// planFixed refuses changes of settings that are fixed when a pool is made.
func (ch *change) planFixed(s *subject) {
	set := ch.state.of(s.name)
	for _, f := range poolFields {
		v := set.at(f)
		var c *choice
		if s.making != nil {
			c = s.making.choice(f.name)
		}
		_, resizable := s.source.(control.Resizable)
		switch {
		case f.live && (f.name != "limit" || resizable || c == nil):
		case c != nil:
			ch.wantSame(s, f, c, v)
		case v != nil && f.name != "class_metrics":
			ch.refuse(s, f, v,
				"set when a pool is made, and this one was made without poolconfig: make it with a poolconfig.New function, "+
					"or leave it out")
		}
	}
}

// wantSame refuses a setting that differs from the one the pool was made with.
func (ch *change) wantSame(s *subject, f fieldInfo, made *choice, v shown) {
	value, from := made.inCode, code
	if v != nil {
		value, from = v.show()
		otherKind := f.name == "prewarm" && strings.HasPrefix(value, "{") != strings.HasPrefix(made.inCode, "{")
		if (otherKind || f.name == "limit") && !ch.state.demands(s.name, f, from) {
			return // for other pools that the pattern matches
		}
	}
	if value != made.value {
		ch.add(from, poolPath(s.name, f.name), value, madeWith("pool", made.value))
	}
}

// madeWith is the remedy for a change of a fixed setting.
func madeWith(what, value string) string {
	return fmt.Sprintf("it is set when the %s is made, and is %s now: restart the program, or put %s back", what, value, value)
}

// refuse notes a setting that a pool cannot have, if it is meant for this pool
// alone.
func (ch *change) refuse(s *subject, f fieldInfo, v shown, remedy string) {
	if value, from := v.show(); ch.state.demands(s.name, f, from) {
		ch.add(from, poolPath(s.name, f.name), value, remedy)
	}
}

// planLive plans the settings that can change in an open pool.
func (ch *change) planLive(s *subject) {
	set := ch.state.of(s.name)
	was := ch.config.original(s)
	touched := ch.planLimit(s, set.Limit, was.limit)
	touched = ch.planMode(s, set.Mode, was.mode) || touched
	touched = ch.planReserve(s, set.Reserve) || touched
	if touched && s.making == nil {
		ch.notes = append(ch.notes, func() { ch.config.rememberOriginal(was) })
	}
}

func (c *Config) rememberOriginal(o original) {
	if !slices.ContainsFunc(c.origins, func(k original) bool { return k.source == o.source }) {
		c.origins = append(c.origins, o)
	}
}

func (ch *change) planLimit(s *subject, v *setting[limit], was int64) (touched bool) {
	r, ok := s.source.(control.Resizable)
	if !ok {
		if v != nil && (s.making == nil || s.making.choice("limit") == nil) {
			ch.refuse(s, poolField("limit"), v, "this pool has no limit: leave it out")
		}
		return false
	}
	want := was
	if v != nil {
		want = int64(v.value)
		if least := s.now.least; want < least {
			ch.add(v.from, poolPath(s.name, "limit"), v.value.String(),
				fmt.Sprintf("less than one object: use at least %v, or mode: off to stop pooling", size(least)))
		}
	}
	if want == s.now.limit {
		return false
	}
	s.do = append(s.do, func() { r.SetLimit(want) })
	return true
}

// smallest is the least limit of a pool: one buffer of its smallest class.
func smallest(src pool.Source) int64 {
	var st pool.Stats
	src.Stats(&st)
	if len(st.Classes) > 0 {
		return st.Classes[0].Size
	}
	return 1
}

func (ch *change) planMode(s *subject, v *setting[mode], was control.Mode) (touched bool) {
	sw, ok := s.source.(control.Switchable)
	if !ok {
		if v != nil && control.Mode(v.value) != control.ModeOn {
			ch.refuse(s, poolField("mode"), v, "this pool cannot be switched: leave it out")
		}
		return false
	}
	want := was
	if v != nil {
		want = control.Mode(v.value)
	}
	if want == s.now.mode {
		return false
	}
	s.do = append(s.do, func() { sw.SetMode(want) })
	return true
}

func (ch *change) planReserve(s *subject, v *setting[size]) (touched bool) {
	t, ok := s.source.(control.Tunable)
	if !ok {
		if v != nil && v.value > 0 {
			ch.refuse(s, poolField("reserve"), v, "this pool has no reserve: leave it out")
		}
		return false
	}
	if v == nil {
		if was := ch.config.original(s); was.reserved {
			s.do = append(s.do, func() { t.SetReserve(0) })
			ch.notes = append(ch.notes, func() { ch.config.reserved(s, false) })
		}
		return false
	}
	if l := ch.limitOf(s); int64(v.value) > l {
		ch.add(v.from, poolPath(s.name, "reserve"), v.value.String(),
			fmt.Sprintf("more than the pool's limit of %v: lower it, or raise the limit", limit(l)))
	}
	s.do = append(s.do, func() { t.SetReserve(int64(v.value)) })
	ch.notes = append(ch.notes, func() { ch.config.reserved(s, true) })
	return true
}

// reserved remembers whether the configuration has set a pool's reserve: if
// not, it stays, because somebody else may have set it.
func (c *Config) reserved(s *subject, yes bool) {
	o := c.original(s)
	o.reserved = yes
	c.origins = slices.DeleteFunc(c.origins, func(k original) bool { return k.source == s.source })
	c.origins = append(c.origins, o)
}

// limitOf is the limit that a pool will have.
func (ch *change) limitOf(s *subject) int64 {
	if set := ch.state.of(s.name); set.Limit != nil {
		return int64(set.Limit.value)
	}
	return ch.config.original(s).limit
}

// checkBudget refuses a budget below the sum of the pools' reserves, and any
// budget if a controller that was not made through the configuration sets it.
func (ch *change) checkBudget(subjects []*subject) {
	b := ch.state.budgetOf()
	if b == nil {
		return
	}
	var sum int64
	for _, s := range subjects {
		if set := ch.state.of(s.name); set.Reserve != nil {
			sum = config.Sum(sum, int64(set.Reserve.value))
		}
	}
	if sum > int64(b.value) {
		ch.add(b.from, "budget", b.value.String(),
			fmt.Sprintf("less than the %v that pools reserve: raise it, or lower their reserves", size(sum)))
	}
	if ch.config.registry.Controller() != nil && ch.config.ours() == nil {
		ch.add(b.from, "budget", b.value.String(), "a controller sets it: make that with poolconfig.NewController, or leave the budget out")
	}
}
