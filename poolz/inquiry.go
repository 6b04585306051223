package poolz

import (
	"time"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/internal/ask"
)

// inquiry calls the sources, the controller and the functions that the program
// gave to the registry and to the page. It calls them outside every lock and
// waits for a bounded time, because one may hang, or call the page. It has at
// most one call to a pool under way at a time.
type inquiry struct {
	pools      ask.Asker[*pool.Entry, answer]
	controller ask.Asker[*pool.Registry, *control.Stats]
	config     ask.Asker[struct{}, string]
}

// answer is a pool's answer.
type answer struct {
	stats      pool.Stats
	mode       control.Mode
	switchable bool
	waiting    time.Time    // when it was asked, if it has not answered; else zero
	more       *particulars // nil if only the table's figures were asked for
}

// particulars are asked only of the one pool that a viewer looks at: they are
// too much to ask of all.
type particulars struct {
	stats     pool.Stats     // with Classes
	curve     *control.Curve // nil if the pool has none
	holders   []holder
	sampler   bool // the pool samples, so that there may be holders
	described string
}

// round has the answers of all pools and of the controller at one time.
type round struct {
	at         time.Time
	after      uint64 // the sample it follows
	entries    []*pool.Entry
	answers    []answer // of the entries, without Classes
	controller *control.Stats
	silent     bool // there is a controller, and it did not answer
}

// ask fills in the round.
func (q *inquiry) ask(from *pool.Registry, r *round) {
	r.entries, r.answers = from.All(), r.answers[:0]
	q.pools.Each(r.entries, figures, func(i int, a *answer, since time.Time) {
		if a == nil {
			a = &answer{waiting: since}
			a.stats.Failed, a.stats.Closed = true, r.entries[i].Source() == nil
		}
		r.answers = append(r.answers, *a)
		r.answers[i].stats.Classes = nil // the asker owns them
	})
	if from.Controller() != nil {
		r.controller, _ = one(&q.controller, from, controllerStats)
		r.silent = r.controller == nil
	}
}

// figures is for the table of pools.
func figures(e *pool.Entry, into *answer) {
	e.Stats(&into.stats)
	into.mode, into.switchable, into.more = control.ModeOn, false, nil
	if s, ok := e.Source().(control.Switchable); ok {
		into.switchable = e.Guard("Mode", func() { into.mode = s.Mode() })
	}
}

func controllerStats(r *pool.Registry, into **control.Stats) {
	stats := new(control.Stats)
	if *into = stats; !r.ControllerStats(stats) {
		*into = nil
	}
}

// one asks one key. Without an answer since is the time of the question.
func one[K comparable, A any](asker *ask.Asker[K, A], key K, read func(K, *A)) (a A, since time.Time) {
	asker.Each([]K{key}, read, func(_ int, value *A, at time.Time) {
		if value == nil {
			since = at
		} else {
			a = *value
		}
	})
	return a, since
}

// particulars asks one pool, unless a question has been waiting for an answer. If
// it does not answer, p is nil and since the time of the question.
func (q *inquiry) particulars(of *pool.Entry, waiting time.Time) (p *particulars, since time.Time) {
	if !waiting.IsZero() {
		return nil, waiting
	}
	a, since := one(&q.pools, of, func(e *pool.Entry, into *answer) { into.more = particularsOf(e) })
	return a.more, since
}

// configText is the configuration as the program's function describes it.
func (q *inquiry) configText(from *pool.Registry, config func() string) string {
	text, since := one(&q.config, struct{}{}, func(_ struct{}, into *string) {
		*into = "The function given to poolz.WithConfig panics."
		from.Guard(func() { *into = config() })
	})
	if !since.IsZero() {
		return "The function given to poolz.WithConfig does not return."
	}
	return text
}

// describer is a source that can say more about itself than its figures: the
// rows of syncpools say what is in a pool and where it was made.
type describer interface{ Describe() string }

func particularsOf(e *pool.Entry) *particulars {
	p := new(particulars)
	e.Stats(&p.stats)
	if c, ok := e.Source().(control.Curved); ok {
		curve := new(control.Curve)
		if e.Guard("Curve", func() { c.Curve(curve) }) {
			p.curve = curve
		}
	}
	if s, ok := e.Source().(describer); ok {
		e.Guard("Describe", func() { p.described = s.Describe() })
	}
	if _, p.sampler = e.Source().(control.Sampler); p.sampler {
		p.holders = holdersOf(e, time.Now()) // which catches its panics
	}
	return p
}
