package poolconfig

import (
	"fmt"
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
}

// planFixed refuses changes of settings that are fixed when a pool is made.
func (ch *change) planFixed(s *subject) {
	set := ch.state.of(s.name)
	for _, f := range poolFields {
		v, c := set.at(f), s.making.choice(f.name)
		_, resizable := s.source.(control.Resizable)
		switch {
		case f.live && (f.name != "limit" || resizable || c == nil):
		case c != nil:
			ch.wantSame(s, f, c, v)
		case v == nil || f.name == "class_metrics":
		case s.making != nil:
			ch.refuse(s.name, f.name, v, s.making.lacks())
		default:
			ch.refuse(s.name, f.name, v,
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
		if (otherKind || f.name == "limit") && !v.demanded() {
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
// alone: a setting for many pools applies to those that can have it.
func (p *problems) refuse(pool, field string, v shown, remedy string) {
	if v.demanded() {
		value, from := v.show()
		p.add(from, poolPath(pool, field), value, remedy)
	}
}

// planLive plans the settings that can change in an open pool.
func (ch *change) planLive(s *subject) {
	set := ch.state.of(s.name)
	s.was = ch.config.original(s)
	ch.planLimit(s, set.Limit)
	ch.planMode(s, set.Mode)
	ch.planReserve(s, &set)
}

func (ch *change) planLimit(s *subject, v *setting[limit]) {
	r, ok := s.source.(control.Resizable)
	if !ok {
		if v != nil && s.making.choice("limit") == nil {
			ch.refuse(s.name, "limit", v, "this pool has no limit: leave it out")
		}
		return
	}
	want := s.was.limit
	if v != nil {
		want = int64(v.value)
		if least := s.now.least; want < least {
			ch.add(v.from, poolPath(s.name, "limit"), v.value.String(),
				fmt.Sprintf("less than one object: use at least %v, or mode: off to stop pooling", size(least)))
		}
	}
	if want != s.now.limit {
		s.do = append(s.do, func() { r.SetLimit(want) })
	}
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

func (ch *change) planMode(s *subject, v *setting[mode]) {
	sw, ok := s.source.(control.Switchable)
	if !ok {
		if v != nil && control.Mode(v.value) != control.ModeOn {
			ch.refuse(s.name, "mode", v, "this pool cannot be switched: leave it out")
		}
		return
	}
	if want, _ := orCode(v, mode(s.was.mode)); control.Mode(want) != s.now.mode {
		s.do = append(s.do, func() { sw.SetMode(control.Mode(want)) })
	}
}

func (ch *change) planReserve(s *subject, set *settings) {
	t, ok := s.source.(control.Tunable)
	v := set.Reserve
	if !ok {
		if v != nil && v.value > 0 {
			ch.refuse(s.name, "reserve", v, "this pool has no reserve: leave it out")
		}
		return
	}
	if v == nil {
		if s.was.reserved {
			s.do = append(s.do, func() { t.SetReserve(0) })
		}
		return
	}
	if l, _ := orCode(set.Limit, limit(s.was.limit)); limit(v.value) > l {
		ch.add(v.from, poolPath(s.name, "reserve"), v.value.String(),
			fmt.Sprintf("more than the pool's limit of %v: lower it, or raise the limit", l))
	}
	s.do, s.reserves = append(s.do, func() { t.SetReserve(int64(v.value)) }), true
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
