package strategies_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"unsafe"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/strategies"
)

func contains(s, part string) bool { return strings.Contains(s, part) }

// holds fails unless a pool of the objects, each of which holds 100 KiB at least,
// keeps to a limit of 1 MiB, and says what they are.
func holds[T any](t *testing.T, newT func() *T) {
	t.Helper()
	p, err := strategies.NewBounded(strategies.BoundedConfig[T]{New: newT, Limit: 1 << 20, Safety: strategies.SafetyOff})
	if err != nil {
		t.Error(err)
		return
	}
	defer p.Close()
	var held []*T
	for range 50 {
		held = append(held, p.Get())
	}
	for _, x := range held {
		p.Put(x)
	}
	if s := checkLaws(t, p); s.Idle == 0 || s.Idle > 10 || s.IdleBytes < s.Idle*(100<<10) || s.IdleBytes > s.Idle*(105<<10) {
		t.Errorf("%T: %d idle, %d bytes; want at most 10 of 100 KiB and a little", *new(T), s.Idle, s.IdleBytes)
	}
}

func TestTypesThatEverybodyPoolsHaveASize(t *testing.T) {
	t.Parallel()
	const n = 100 << 10
	type pages [][1024]byte
	holds(t, func() *bytes.Buffer { return bytes.NewBuffer(make([]byte, 0, n)) })
	holds(t, func() *strings.Builder { var b strings.Builder; b.Grow(n); return &b })
	holds(t, func() *bufio.Reader { return bufio.NewReaderSize(strings.NewReader(""), n) })
	holds(t, func() *bufio.Writer { return bufio.NewWriterSize(io.Discard, n) })
	holds(t, func() *[]byte { b := make([]byte, n); return &b })
	holds(t, func() *[]float64 { b := make([]float64, 10, n/8); return &b })
	holds(t, func() *pages { b := make(pages, n/1024); return &b })
	holds(t, func() *[n]byte { return new([n]byte) })
	type lines struct { // as programs write them
		_  int
		of [][2]byte
		_  [4]float32
	}
	holds(t, func() *lines { return &lines{of: make([][2]byte, 10, n/2)} })
}

// A strict pool hands out stand-ins, and measures what they stand for when they come back.
func TestAStrictPoolKnowsTheBytesOfBuffers(t *testing.T) {
	t.Parallel()
	p := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[bytes.Buffer]{
		New: func() *bytes.Buffer { return bytes.NewBuffer(make([]byte, 0, 1000)) }, Safety: strategies.SafetyStrict,
	}))
	defer p.Close()
	p.Put(p.Get())
	if s := checkLaws(t, p); s.Idle != 1 || s.IdleBytes < 1000 || s.IdleBytes > 1100 {
		t.Errorf("%d idle, %d bytes; want 1 of 1000 and a little", s.Idle, s.IdleBytes)
	}
}

func refused[T any]() error {
	_, err := strategies.NewBounded(strategies.BoundedConfig[T]{New: func() *T { return new(T) }, Limit: 1 << 20})
	return err
}

func TestALimitInBytesOfObjectsWithoutASizeIsRefused(t *testing.T) {
	t.Parallel()
	type parser struct {
		_ int
		_ []string
	}
	for name, err := range map[string]error{
		"strategies_test.parser": refused[parser](), "[]string": refused[[]string](), "*int": refused[*int](),
		"[2]func()":   refused[[2]func()](),
		"map[int]int": refused[map[int]int](), "string": refused[string](),
		"struct { bytes.Buffer }": refused[struct{ bytes.Buffer }](), "interface {}": refused[any](),
		"struct { _ []int; _ string }": refused[struct {
			_ []int
			_ string
		}](),
	} {
		want := fmt.Sprintf(
			"BoundedConfig.Limit is 1048576: in bytes, which %s does not tell since it holds pointers: give Size, or MaxIdle",
			name,
		)
		if err == nil || !contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	type point struct {
		_, _ float64
		_    [4]byte
		_    [0]*int
	}
	if err := refused[point](); err != nil {
		t.Error(err)
	}
	for _, c := range []strategies.BoundedConfig[parser]{
		{}, {Limit: pool.Unlimited}, {MaxIdle: 10}, {Limit: 1 << 20, Size: func(*parser) int64 { return 1 }},
	} {
		c.New = func() *parser { return new(parser) }
		p, err := strategies.NewBounded(c)
		if err != nil {
			t.Error(err)
			continue
		}
		p.Close()
	}
}

// What is said once is said when a limit comes up: by SetLimit, as a controller does,
// or by a budget.
func TestALimitThatComesLaterSaysOnceThatItKnowsNoBytes(t *testing.T) {
	skipInDebugBuilds(t)
	type parser struct{ _ []string }
	const bytes = int64(unsafe.Sizeof(parser{}))
	for name, limit := range map[string]func(p *strategies.Bounded[parser], b *pool.Budget){
		"SetLimit": func(p *strategies.Bounded[parser], _ *pool.Budget) { p.SetLimit(100) },
		"a controller's": func(_ *strategies.Bounded[parser], b *pool.Budget) {
			b.SetLimit(100)
			b.Reclaim()
		},
	} {
		r, b := new(pool.Registry), pool.NewBudget(pool.Unlimited)
		got := observe(r)
		p := strategies.Must(
			strategies.NewBounded(
				strategies.BoundedConfig[parser]{Name: "parsers", Registry: r, Budget: b, New: func() *parser { return new(parser) }},
			),
		)
		defer p.Close()
		fill := func() {
			var held []*parser
			for range 50 {
				held = append(held, p.Get())
			}
			for _, x := range held {
				p.Put(x)
			}
		}
		fill()
		if told := got.of(pool.MisuseConfig); len(told) > 0 {
			t.Errorf("%s: told before there is a limit: %v", name, told)
		}
		for range 3 {
			limit(p, b)
			fill()
		}
		told := got.of(pool.MisuseConfig)
		if len(told) != 1 || !contains(told[0].String(), fmt.Sprintf("counts %d for each object", bytes)) || told[0].Pool != "parsers" {
			t.Errorf("%s: told %v, want once of %d bytes", name, told, bytes)
		}
		if s := checkLaws(t, p); s.IdleBytes > 100 || s.IdleBytes != s.Idle*bytes {
			t.Errorf("%s: %d idle, %d bytes", name, s.Idle, s.IdleBytes)
		}
	}
}
