package poolprof

import (
	"fmt"
	"io"
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
	profile *profile.Profile
	samples map[string]*profile.Sample // by pool, size and stack
	frames  uint64                     // so far, to number them
}

// build makes the profile of all pools, with a comment for each pool whose
// Source hangs.
func build(o options) *profile.Profile {
	entries := o.registry.All()
	b := builder{samples: make(map[string]*profile.Sample), profile: &profile.Profile{
		SampleType:        []*profile.ValueType{{Type: "objects", Unit: "count"}, {Type: "bytes", Unit: "bytes"}},
		DefaultSampleType: "bytes",
		PeriodType:        &profile.ValueType{Type: "objects", Unit: "count"},
		Period:            1,
		TimeNanos:         time.Now().UnixNano(),
	}}
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
	return b.profile.Compact() // joins the frames that stacks have in common
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
	key := fmt.Sprintf("%s %d %x", name, one.Size, one.Get)
	s, ok := b.samples[key]
	if !ok {
		s = &profile.Sample{
			Location: b.stack(one.Get),
			Value:    make([]int64, 2),
			Label:    map[string][]string{"pool": {name}},
			NumLabel: map[string][]int64{"bytes": {one.Size}},
			NumUnit:  map[string][]string{"bytes": {"bytes"}},
		}
		b.samples[key] = s
		b.profile.Sample = append(b.profile.Sample, s)
	}
	s.Value[0] += one.Weight
	s.Value[1] += one.Weight * one.Size
}

// stack returns a location for each frame, inlined functions included.
func (b *builder) stack(s pool.Stack) (all []*profile.Location) {
	for _, f := range s.Frames() {
		b.frames++
		fn := &profile.Function{ID: b.frames, Name: f.Function, SystemName: f.Function, Filename: f.File}
		all = append(all, &profile.Location{
			ID: b.frames, Address: uint64(f.PC), Line: []profile.Line{{Function: fn, Line: int64(f.Line)}},
		})
	}
	return all
}
