package codecs

import (
	"errors"
	"io"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/config"
	"github.com/otelpool/pool/strategies"
)

// Config configures a pool of codecs. The zero value is useful.
type Config struct {
	// Name publishes the pool; "" does not.
	Name string
	// Registry is where it is published; nil is pool.Default.
	Registry *pool.Registry
	// OnDuplicate says what happens if an open pool has the name already.
	OnDuplicate pool.OnDuplicate
	// Limit is the most bytes of idle codecs: 0 is strategies.DefaultLimit, pool.Unlimited
	// none.
	Limit int64
	// Budget is a limit shared with other pools, as in strategies.BoundedConfig.
	Budget *pool.Budget
	// Safety says how closely the pool checks its callers. In a strict pool each stream
	// gets a new codec.
	Safety strategies.Safety
	// Pool makes the pool that keeps idle codecs; nil is strategies.NewBounded. To read
	// its settings from a document, call poolconfig.NewBounded here.
	Pool func(strategies.BoundedConfig[Idle]) (*strategies.Bounded[Idle], error)
}

// Idle is a codec that a pool keeps. Its type is exported for Config.Pool.
type Idle struct {
	lease  *lease
	pool   *strategies.Bounded[Idle] // while it is handed out: idle, it would keep the pool alive
	writer Compressor                // one of these two
	reader Decompressor
	stream stream
	begun  bool  // since Get
	err    error // of a beginning that failed
	used   bool  // ever: then it has allocated all its memory
	calls  int   // that have not returned: when none is under way, those that panicked
}

// call calls f with the codec. A Reset clears hundreds of KiB, so there is one for each stream,
// at its first call, and none at its end.
func (x *Idle) call(f func(*Idle) error) error {
	if x.calls > 0 {
		return errPanicked
	}
	x.calls++
	if !x.begun {
		x.begun, x.used = true, true
		x.err = x.reset()
	}
	err := x.err
	if err == nil {
		err = f(x)
	}
	x.calls--
	return err
}

func (x *Idle) reset() error {
	if x.writer != nil {
		x.writer.Reset(&x.stream)
		return nil
	}
	err := x.reader.Reset(&x.stream)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // or nothing would pass for an empty stream
	}
	return err
}

// origin is what the codecs of a pool have in common. It does not refer to the pool,
// which could not be collected then.
type origin struct {
	bytes  int64 // that a codec holds
	strict bool
	closed error // for use after Close
	shared error // for use by two goroutines
}

// open makes a pool of objects for which create fills in the codec.
func open(kind string, bytes int64, create func(*Idle), c Config, p config.Problems) (*strategies.Bounded[Idle], error) {
	p.AddIf(bytes <= 0, "bytes", bytes, "give what a codec holds after its first use")
	p.AddIf(kind == "", "kind", `""`, `use the name that errors have for the codec, such as "gzip writer"`)
	o := &origin{
		bytes:  bytes,
		closed: errors.New("codecs: use of a " + kind + " after its Close: get another from the pool for another stream"),
		shared: errors.New("codecs: a " + kind + " is used by two goroutines at once"),
	}
	if p.Len() > 0 { // and those of the rest
		c.Name, c.Pool = "", nil
	}
	if c.Pool == nil {
		c.Pool = strategies.NewBounded[Idle]
	}
	b, err := c.Pool(c.bounded(o, create))
	if err != nil {
		p.Add(err)
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	o.strict = b.Safety() == strategies.SafetyStrict
	return b, nil
}

// bounded is the config of the pool that keeps idle codecs.
func (c *Config) bounded(o *origin, create func(*Idle)) strategies.BoundedConfig[Idle] {
	return strategies.BoundedConfig[Idle]{
		Name: c.Name, Registry: c.Registry, OnDuplicate: c.OnDuplicate, Limit: c.Limit, Budget: c.Budget, Safety: c.Safety,
		New: func() *Idle {
			x := &Idle{lease: &lease{origin: o}}
			x.lease.idle = x
			create(x)
			return x
		},
		Keep:    func(x *Idle) bool { return x.calls == 0 },
		Size:    o.size,
		Discard: (*Idle).discard,
	}
}

// unused is about what a codec of any kind takes before its first use.
const unused = 1 << 10

func (o *origin) size(x *Idle) int64 {
	if x.used {
		return o.bytes
	}
	return unused
}

// discard lets go of the codec, which handles may still refer to.
func (x *Idle) discard() {
	x.lease.idle = nil
	if c, ok := x.reader.(interface{ Close() }); ok {
		c.Close()
	}
}
