package poolprof

import (
	"encoding/binary"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/google/pprof/profile"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
)

// Write writes the profile in the compressed format that pprof reads.
func Write(w io.Writer, opts ...Option) error { return build(optionsOf(opts)).Write(w) }

// builder makes a profile out of samples.
type builder struct {
	profile   *profile.Profile
	samples   map[string]*profile.Sample // by pool, size and stack
	locations map[uintptr]*profile.Location
	functions map[functionKey]*profile.Function
	key       []byte
}

type functionKey struct{ name, file string }

func newBuilder() *builder {
	return &builder{
		profile: &profile.Profile{
			SampleType:        []*profile.ValueType{{Type: "objects", Unit: "count"}, {Type: "bytes", Unit: "bytes"}},
			DefaultSampleType: "bytes",
			PeriodType:        &profile.ValueType{Type: "objects", Unit: "count"},
			Period:            1,
			TimeNanos:         time.Now().UnixNano(),
		},
		samples:   make(map[string]*profile.Sample),
		locations: make(map[uintptr]*profile.Location),
		functions: make(map[functionKey]*profile.Function),
	}
}

// build makes the profile of all pools, with a comment for each pool whose
// Source hangs.
func build(o options) *profile.Profile {
	b, entries := newBuilder(), o.registry.All()
	o.samples.Each(entries, samplesOf, func(i int, all *[]control.Sample, _ time.Time) {
		name := entries[i].Name()
		if all == nil {
			b.profile.Comments = append(b.profile.Comments, fmt.Sprintf("pool %q has no samples here: its Source hangs", name))
			return
		}
		for _, one := range *all {
			b.add(name, one)
		}
	})
	return b.profile
}

// samplesOf copies a pool's samples, because the pool holds a lock while they
// are read.
func samplesOf(e *pool.Entry, into *[]control.Sample) {
	*into = (*into)[:0]
	e.Samples(func(one control.Sample) bool {
		one.Get = slices.Clone(one.Get) // valid only in this call
		*into = append(*into, one)
		return true
	})
}

// add adds a sample to those of the same pool, size and stack.
func (b *builder) add(name string, one control.Sample) {
	b.setKey(name, one)
	s, ok := b.samples[string(b.key)]
	if !ok {
		s = &profile.Sample{
			Location: b.stack(one.Get),
			Value:    make([]int64, 2),
			Label:    map[string][]string{"pool": {name}},
			NumLabel: map[string][]int64{"bytes": {one.Size}},
			NumUnit:  map[string][]string{"bytes": {"bytes"}},
		}
		b.samples[string(b.key)] = s
		b.profile.Sample = append(b.profile.Sample, s)
	}
	s.Value[0] += one.Weight
	s.Value[1] += one.Weight * one.Size
}

// setKey sets b.key to the sample's key.
func (b *builder) setKey(name string, one control.Sample) {
	b.key = append(b.key[:0], name...)
	b.key = binary.LittleEndian.AppendUint64(b.key, uint64(one.Size))
	for _, pc := range one.Get {
		b.key = binary.LittleEndian.AppendUint64(b.key, uint64(pc))
	}
}

// stack returns a location for each frame, inlined functions included.
func (b *builder) stack(s pool.Stack) []*profile.Location {
	var all []*profile.Location
	for _, f := range s.Frames() {
		all = append(all, b.location(f))
	}
	return all
}

// location returns the frame's location. Inlined calls share an address, so
// locations differ by function too.
func (b *builder) location(f runtime.Frame) *profile.Location {
	fn, loc := b.function(f), b.locations[f.PC]
	if loc == nil || loc.Line[0].Function != fn {
		loc = &profile.Location{
			ID: uint64(len(b.profile.Location) + 1), Address: uint64(f.PC),
			Line: []profile.Line{{Function: fn, Line: int64(f.Line)}},
		}
		b.locations[f.PC] = loc
		b.profile.Location = append(b.profile.Location, loc)
	}
	return loc
}

func (b *builder) function(f runtime.Frame) *profile.Function {
	key := functionKey{f.Function, f.File}
	fn, ok := b.functions[key]
	if !ok {
		fn = &profile.Function{ID: uint64(len(b.profile.Function) + 1), Name: f.Function, SystemName: f.Function, Filename: f.File}
		b.functions[key] = fn
		b.profile.Function = append(b.profile.Function, fn)
	}
	return fn
}
