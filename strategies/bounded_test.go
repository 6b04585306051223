package strategies_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/internal/testalloc"
	"github.com/otelpool/pool/strategies"
)

func ExampleBounded() {
	writers := strategies.Must(strategies.NewBounded(strategies.BoundedConfig[gzip.Writer]{
		New:  func() *gzip.Writer { return gzip.NewWriter(io.Discard) },
		Size: func(*gzip.Writer) int64 { return 800 << 10 },
	}))
	defer writers.Close()

	var out bytes.Buffer
	w := writers.Get()
	w.Reset(&out)
	io.WriteString(w, "hello")
	w.Close()
	writers.Put(w)
	fmt.Println(out.Len() > 0)
	// Output: true
}

type thing struct {
	b         []byte
	discarded atomic.Bool
}

func TestBoundedTellsDiscardOfEverythingItLetsGo(t *testing.T) {
	var made, gone atomic.Int64
	p, err := strategies.NewBounded(strategies.BoundedConfig[thing]{
		New:   func() *thing { made.Add(1); return &thing{b: make([]byte, 1000)} },
		Keep:  func(x *thing) bool { return cap(x.b) <= 1000 },
		Reset: func(x *thing) { clear(x.b) },
		Size:  func(x *thing) int64 { return int64(cap(x.b)) },
		Discard: func(x *thing) {
			if x.discarded.Swap(true) {
				t.Error("discarded twice")
			}
			gone.Add(1)
		},
		Limit:   20_000,
		Prewarm: 5,
		Safety:  strategies.SafetyOff, // stand-ins come from New as well
	})
	if err != nil {
		t.Fatal(err)
	}
	var held []*thing
	for range 40 {
		held = append(held, p.Get())
	}
	held[0].b = make([]byte, 5000)
	for _, x := range held {
		p.Put(x)
	}
	p.Put(nil)
	s := checkLaws(t, p)
	if s.Returns[pool.Refused] != 1 || s.Returns[pool.NilReturn] != 1 || s.Prewarmed != 5 {
		t.Errorf("refused %d, nil %d, prewarmed %d; want 1, 1, 5", s.Returns[pool.Refused], s.Returns[pool.NilReturn], s.Prewarmed)
	}
	if s.IdleBytes != s.Idle*1000 || s.Idle == 0 {
		t.Errorf("%d objects of 1,000 bytes idle, %d bytes", s.Idle, s.IdleBytes)
	}
	if got := gone.Load(); got != 40-s.Idle {
		t.Errorf("%d discarded, %d of 40 kept", got, s.Idle)
	}
	p.SetLimit(3000)
	checkLaws(t, p)
	p.Close()
	p.Put(p.Get())
	if s := checkLaws(t, p); s.Idle != 0 || made.Load() != gone.Load() {
		t.Errorf("after Close %d idle, made %d, discarded %d", s.Idle, made.Load(), gone.Load())
	}
}

func TestBoundedSurvivesGarbageCollection(t *testing.T) {
	p, err := strategies.NewBounded(strategies.BoundedConfig[thing]{New: func() *thing { return new(thing) }, Prewarm: 10})
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	if s := checkLaws(t, p); s.Idle != 10 {
		t.Errorf("%d idle of 10 after two collections", s.Idle)
	}
	p.Get()
	if s := checkLaws(t, p); s.Requests[pool.Hit] != 1 {
		t.Error("no hit after two collections")
	}
}

func TestMaxIdleIsALimitInObjects(t *testing.T) {
	p, err := strategies.NewBounded(strategies.BoundedConfig[thing]{New: func() *thing { return new(thing) }, MaxIdle: 3})
	if err != nil {
		t.Fatal(err)
	}
	var held []*thing
	for range 8 {
		held = append(held, p.Get())
	}
	for _, x := range held {
		p.Put(x)
	}
	if s := checkLaws(t, p); s.Idle != 3 || s.ObjectLimit != 3 || s.Returns[pool.Full] != 5 {
		t.Errorf("idle %d, limit %d, full %d; want 3, 3, 5", s.Idle, s.ObjectLimit, s.Returns[pool.Full])
	}
}

func TestGetPutOfBoundedDoesNotAllocate(t *testing.T) {
	skipInDebugBuilds(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for name, size := range map[string]func(*thing) int64{"one size": nil, "sized": func(*thing) int64 { return 100 }} {
		p, err := strategies.NewBounded(strategies.BoundedConfig[thing]{New: func() *thing { return new(thing) }, Size: size})
		if err != nil {
			t.Fatal(err)
		}
		if a := testalloc.PerRun(100, func() { p.Put(p.Get()) }); a != 0 {
			t.Errorf("%s: %v allocations per Get+Put, want 0", name, a)
		}
	}
}

func TestBoundedConfigMistakesAreReportedTogether(t *testing.T) {
	_, err := strategies.NewBounded(strategies.BoundedConfig[thing]{Limit: -1, MaxIdle: -2, Prewarm: -3})
	for _, want := range []string{"New is nil", "Limit is -1", "MaxIdle is -2", "Prewarm is -3"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

func TestObjectsAreNeverInTwoHands(t *testing.T) {
	type object struct{ owner atomic.Int64 }
	p, err := strategies.NewBounded(strategies.BoundedConfig[object]{New: func() *object { return new(object) }, MaxIdle: 50})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for id := range int64(8) {
		wg.Go(func() {
			for range 5000 {
				x := p.Get()
				if !x.owner.CompareAndSwap(0, id+1) {
					t.Error("an object is in two hands")
					return
				}
				runtime.Gosched()
				x.owner.Store(0)
				p.Put(x)
			}
		})
	}
	for range 20 {
		p.Trim(100)
		runtime.GC()
	}
	wg.Wait()
	if s := checkLaws(t, p); s.InUse != 0 {
		t.Errorf("in use %d, want 0", s.InUse)
	}
}
