package main

import (
	"errors"
	"fmt"
	"time"
)

// What the adaptive pool promises, and what shows that keeping it is worth
// something.
const (
	mostGC      = 0.03 // GC's share of the CPU, in every run
	mostP99     = 3.0  // times that of the reference
	leastRate   = 0.95 // of the reference's
	bitesFromGC = 0.20 // what an unlimited pool spends in GC at least, unless it dies; idle marking counts, for this service leaves much idle
)

// verdict returns the promises that were broken: those that hold on any machine,
// and those that other programs on it can break.
func verdict(tables []table) (broken, slow error) {
	var hard, soft []error
	for i := range tables {
		t := &tables[i]
		hard = append(hard, t.broken())
		soft = append(soft, t.slow(tables))
	}
	return errors.Join(hard...), errors.Join(soft...)
}

// problems collects what is wrong under one setting.
type problems struct {
	setting string
	errs    []error
}

func (p *problems) add(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("pressure: %s: %s", p.setting, fmt.Sprintf(format, args...)))
}

func (t *table) broken() error {
	p := problems{setting: t.name}
	if s := summarize(t.runs[unlimited]); s.survived > 0 && s.gcShare+s.idleShare <= bitesFromGC {
		p.add("the unlimited pool survived with %.1f %% of the CPU in GC: memory is not short, and nothing is shown", 100*(s.gcShare+s.idleShare))
	}
	a := summarize(t.runs[adaptivePool])
	if a.survived < a.runs {
		p.add("adaptive survived %d of %d runs", a.survived, a.runs)
	}
	if a.fault != "" {
		p.add("the controller stopped: %s", a.fault)
	}
	return errors.Join(p.errs...)
}

func (t *table) slow(all []table) error {
	p := problems{setting: t.name}
	a := summarize(t.runs[adaptivePool])
	if a.survived == 0 {
		return nil
	}
	if a.worstGC > mostGC {
		p.add("adaptive spent %.1f %% of the CPU in GC in its worst run, more than %.0f %%", 100*a.worstGC, 100*mostGC)
	}
	name, ref := t.reference(all)
	if ref.survived == 0 {
		p.add("neither %s nor %s survived anywhere: there is nothing to compare with", gcSized, none)
		return errors.Join(p.errs...)
	}
	if float64(a.p99) > mostP99*float64(ref.p99) {
		p.add("adaptive's p99 is %v, more than %g times the %v of %s", a.p99.Round(time.Microsecond), mostP99, ref.p99.Round(time.Microsecond), name)
	}
	if a.perSecond < leastRate*ref.perSecond {
		p.add("adaptive served %.0f op/s, less than %g of the %.0f of %s", a.perSecond, leastRate, ref.perSecond, name)
	}
	return errors.Join(p.errs...)
}

// reference is what adaptive is compared with: sync.Pool, or no pool where
// sync.Pool dies; where both die, what survived the other setting.
func (t *table) reference(all []table) (string, summary) {
	for _, from := range append([]table{*t}, all...) {
		for _, name := range []string{gcSized, none} {
			if s := summarize(from.runs[name]); s.survived == s.runs && s.runs > 0 {
				return name + " under " + from.name, s
			}
		}
	}
	return "", summary{}
}
