package poolconfig_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/otelpool/pool"
	"github.com/otelpool/pool/control"
	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
)

// load is a configuration of a document and variables, and the registry that it
// is for.
func load(t testing.TB, document string, environ ...string) (*poolconfig.Config, *pool.Registry, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pools.yaml")
	if err := os.WriteFile(file, []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
	r := new(pool.Registry)
	c, err := poolconfig.Load(poolconfig.Options{File: file, Registry: r, Environ: append([]string{}, environ...)})
	return c, r, err
}

// loaded is one that is right.
func loaded(t testing.TB, document string, environ ...string) (*poolconfig.Config, *pool.Registry) {
	t.Helper()
	c, r, err := load(t, document, environ...)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

// bodies is a pool of buffers made through a configuration.
func bodies(t testing.TB, c *poolconfig.Config, name string) *strategies.SizeClasses {
	t.Helper()
	p, err := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// setting is the value and the origin of a pool's field, "" for none.
func setting(c *poolconfig.Config, pool, field string) string {
	for _, s := range c.Effective().Settings {
		if s.Pool == pool && s.Field == field {
			return s.Value + " from " + s.From
		}
	}
	return ""
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestEachSettingComesFromTheMostSpecificEntryThatHasIt(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, `pools:
  "*": {limit: 1MiB, zero: on-get}
  http.body: {prewarm: {4KiB: 1}}
  "http.*": {limit: 2MiB}
  "http.bod?": {limit: 3MiB}
  "http.*y": {limit: 4MiB}
  "*.body": {limit: 5MiB}
  "[g-h]ttp.in": {limit: 6MiB}
  "*.in": {limit: 7MiB}
  "a*": {limit: 8MiB}
  "?a": {limit: 9MiB}
  "*/x": {limit: 10MiB}
  'q\*': {limit: 11MiB}
`)
	for name, limit := range map[string]string{
		"http.body":     "3MiB from pools.yaml:5", // 8 characters stand for themselves
		"http.dry":      "4MiB from pools.yaml:6", // 6, in http.*y
		"http.head":     "2MiB from pools.yaml:4",
		"grpc.body":     "5MiB from pools.yaml:7",
		"http.in":       "6MiB from pools.yaml:8", // 6 in the one, 5 in http.*, 3 in *.in
		"grpc.in":       "7MiB from pools.yaml:9",
		"aa":            "9MiB from pools.yaml:11", // one character each, but no star
		"a/b/x":         "10MiB from pools.yaml:12",
		"q*":            "11MiB from pools.yaml:13",
		"something.new": "1MiB from pools.yaml:2",
	} {
		bodies(t, c, name)
		want(t, name, setting(c, name, "limit"), limit)
		want(t, name, setting(c, name, "zero"), "on-get from pools.yaml:2")
	}
	want(t, "prewarm", setting(c, "http.body", "prewarm"), "{4KiB: 1} from pools.yaml:3")
}

func TestOfEqualPatternsTheLastCounts(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "pools:\n  \"a*\": {limit: 1MiB}\n  \"*b\": {limit: 2MiB}\n")
	bodies(t, c, "ab")
	want(t, "ab", setting(c, "ab", "limit"), "2MiB from pools.yaml:3")
}

func TestTheEnvironmentHasTheLastWord(t *testing.T) {
	t.Parallel()
	c, _ := loaded(
		t,
		"budget: 1GiB\npools:\n  http.body: {limit: 1MiB, zero: on-put}\n",
		"OTELPOOL_BUDGET=2GiB",
		"OTELPOOL_LIMIT=2MiB",
		"OTELPOOL_POOL_HTTP_BODY_LIMIT=3MiB",
		"OTELPOOL_ZERO=",
		"OTELPOOL_POOL_HTTP_BODY_CLASSES=[1KiB, 4KiB]",
		"OTELPOOL_POOL_HTTP_BODY_CLASS_METRICS=true",
		"OTELPOOL_SERVICE_HOST=10.0.0.1",
		"OTELPOOL_PORT_80_TCP_ADDR=x",
		"OTELPOOL_GATEWAY_SERVICE_PORT_HTTP=1",
		"OTELPOOL_E2E_CACHE=x",
		"PATH=/bin",
	)
	bodies(t, c, "http.body")
	bodies(t, c, "other")
	want(t, "budget", setting(c, "", "budget"), "2GiB from OTELPOOL_BUDGET")
	want(t, "limit", setting(c, "http.body", "limit"), "3MiB from OTELPOOL_POOL_HTTP_BODY_LIMIT")
	want(t, "limit", setting(c, "other", "limit"), "2MiB from OTELPOOL_LIMIT")
	want(t, "zero", setting(c, "http.body", "zero"), "on-put from pools.yaml:3")
	want(t, "classes", setting(c, "http.body", "classes"), "[1KiB, 4KiB] from OTELPOOL_POOL_HTTP_BODY_CLASSES")
	want(t, "class metrics", c.ClassMetrics("in.code"), []string{"http.body", "in.code"})
}

func TestTheDocumentIsTheOneThatTheEnvironmentNames(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pools.json")
	if err := os.WriteFile(file, []byte(`{"budget": 4096, "pools": {"a": {"mode": "on"}}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	r := new(pool.Registry)
	c, err := poolconfig.Load(poolconfig.Options{Registry: r, Environ: []string{"OTELPOOL_CONFIG=" + file}})
	if err != nil || r.Budget().Limit() != 4096 || c.File() != file {
		t.Error(err, c)
	}
	if _, err := poolconfig.Load(poolconfig.Options{File: file + "x", Environ: []string{}}); err == nil ||
		!strings.HasPrefix(err.Error(), "poolconfig: the document: open "+file+"x: ") {
		t.Error(err)
	}
	if _, err := poolconfig.Load(poolconfig.Options{Environ: []string{}}); err != nil {
		t.Error("nothing to read:", err)
	}
}

func TestClassMetricsAreTheCodesUnlessTheDocumentSaysOtherwise(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "pools:\n  a: {class_metrics: false}\n  b: {class_metrics: true}\n  'd*': {class_metrics: true}\n")
	bodies(t, c, "d.open")
	bodies(t, c, "e")
	want(t, "names", c.ClassMetrics("a", "c", "c"), "[b c d.open]")
	want(t, "names", (*poolconfig.Config)(nil).ClassMetrics("a"), "[a]")
}

func TestSizesAreReadAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for text, bytes := range map[string]int64{
		"4096": 4096, `"4096"`: 4096, "64MiB": 64 << 20, "64 MiB": 64 << 20, "64Mi": 64 << 20, "64MB": 64e6, "1kB": 1000,
		"1.5GiB": 3 << 29, "0.5KiB": 512, "7B": 7, "unlimited": pool.Unlimited, "2TiB": 2 << 40,
	} {
		_, r := loaded(t, "budget: "+text+"\n")
		want(t, text, r.Budget().Limit(), bytes)
	}
}

// Helm reads YAML 1.1 and writes on and off as true and false.
func TestOnAndOffAreReadAsBooleansToo(t *testing.T) {
	t.Parallel()
	for text, of := range map[string]struct{ mode, safety, classMetrics string }{
		"off": {"off", "off", "[]"}, "false": {"off", "off", "[]"}, "False": {"off", "off", "[]"}, `"false"`: {"off", "off", "[]"},
		"on": {"on", "", "[a]"}, "true": {"on", "", "[a]"}, "TRUE": {"on", "", "[a]"},
	} {
		doc := "pools: {a: {mode: " + text + ", class_metrics: " + text + "}}\n"
		if of.safety != "" {
			doc = "pools: {a: {mode: " + text + ", class_metrics: " + text + ", safety: " + text + "}}\n"
		}
		c, _ := loaded(t, doc)
		bodies(t, c, "a")
		want(t, text, setting(c, "a", "mode"), of.mode+" from pools.yaml:1")
		want(t, text, c.ClassMetrics("a"), of.classMetrics)
		want(
			t,
			text,
			setting(c, "a", "safety"),
			cmp.Or(of.safety, "sampled")+" from "+map[bool]string{true: "pools.yaml:1", false: "code"}[of.safety != ""],
		)
		if quoted := strings.HasPrefix(text, `"`); conforms(t, doc) == quoted { // the schema has one way to write each
			t.Errorf("the schema accepts %s: %v", doc, quoted)
		}
	}
}

// On 32 bits 5 GiB are 1 GiB if nobody looks.
func TestABufferIsNoLargerThanTheProgramCanAddress(t *testing.T) {
	t.Parallel()
	for doc, field := range map[string]string{
		"classes: [4KiB, 5GiB]":            "pools.a.classes[1] is",
		"classes: {min: 1KiB, max: 4GiB}":  "pools.a.classes.max is",
		"prewarm: {4KiB: 1, 5GiB: 1}":      "a size in pools.a.prewarm is",
		"prewarm: {4KiB: 5000000000}":      "pools.a.prewarm.4KiB is",
		"classes: {min: 1KiB, max: 16MiB}": "",
	} {
		_, _, err := load(t, "pools: {a: {"+doc+"}}\n")
		refused := err != nil && strings.Contains(err.Error(), field) && strings.Contains(err.Error(), ": use at most 2147483647")
		if fits := strconv.IntSize == 64 || field == ""; fits && err != nil || !fits && !refused {
			t.Errorf("%s: %v", doc, err)
		}
	}
	const limit = "pools: {slab: {limit: 5GiB}}\n" // more buffers than a slab can have
	c, _ := loaded(t, limit)
	if _, err := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "slab", Size: 1, Count: 1}); err == nil ||
		!strings.HasPrefix(err.Error(), "poolconfig: pools.yaml:1: pools.slab.limit: strategies: FixedConfig.Count is ") {
		t.Error(err)
	}
}

func TestExtensionFieldsAreTheWritersOwn(t *testing.T) {
	t.Parallel()
	const doc = "x-small: &small {limit: 1MiB, x-why: {because: [1, 2]}}\npools:\n  a: *small\n  x-pool: {limit: " +
		"2MiB}\ncontroller:\n  x-owner: me\n  high: {enter: 0.8, exit: 0.7, x-: 1}\n"
	c, _ := loaded(t, doc)
	bodies(t, c, "a")
	bodies(t, c, "x-pool") // a name of a pool is no field
	want(t, "a", setting(c, "a", "limit"), "1MiB from pools.yaml:1")
	want(t, "x-pool", setting(c, "x-pool", "limit"), "2MiB from pools.yaml:4")
	if !conforms(t, doc) {
		t.Error("the schema refuses it")
	}
}

func TestCodeDeclaresAndTheDocumentOverrides(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, `pools:
  buffers:
    limit: 32MiB
    prewarm: {1000: 3, 4KiB: 2}
    zero: on-put
    classes: {min: 1KiB, max: 64KiB, steps: 2}
  objects: {limit: 1KiB, prewarm: 2}
  slab: {limit: 130KiB, zero: on-get}
  gc: {prewarm: 1, mode: count}
`)
	b, err := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "buffers", Limit: 1 << 20, Prewarm: map[int]int{256: 1}})
	must(t, err)
	defer b.Close()
	want(
		t,
		"buffers",
		fmt.Sprint(stats(b).Limit, stats(b).Idle, stats(b).IdleBytes, len(stats(b).Classes), stats(b).Classes[1].Size),
		"33554432 5 11264 13 1536",
	)
	o, err := poolconfig.NewBounded(
		c,
		strategies.BoundedConfig[[16]byte]{Name: "objects", MaxIdle: 4, New: func() *[16]byte { return new([16]byte) }},
	)
	must(t, err)
	defer o.Close()
	want(t, "objects", fmt.Sprint(stats(o).Limit, stats(o).Idle), "1024 2")
	f, err := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "slab", Size: 32 << 10, Count: 64})
	must(t, err)
	defer f.Close()
	want(t, "slab", stats(f).ObjectLimit, 4)
	s, err := poolconfig.NewSync(c, strategies.SyncConfig[int]{Name: "gc"})
	must(t, err)
	defer s.Close()
	want(t, "gc", fmt.Sprint(stats(s).Prewarmed, s.Mode()), "1 count")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func stats(p pool.Source) *pool.Stats {
	var s pool.Stats
	p.Stats(&s)
	return &s
}

func TestAPoolWithoutANameOrAConfigurationIsAsTheCodeSays(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "pools:\n  \"*\": {limit: 2MiB}\n")
	for _, p := range []*strategies.SizeClasses{
		strategies.Must(poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Limit: 1 << 20})),
		strategies.Must(poolconfig.NewSizeClasses(nil, strategies.SizeClassesConfig{
			Limit: 1 << 20, Name: "x", Registry: new(pool.Registry),
		})),
	} {
		want(t, "limit", p.Limit(), 1<<20)
		p.Close()
	}
	var none *poolconfig.Config
	want(
		t,
		"none",
		fmt.Sprint(none.Apply(), none.Reload(), none.File(), none.ClassMetrics(), none.Effective().Settings),
		"<nil> <nil>[] []",
	)
}

func TestWhatAConstructorRefusesNamesTheLineItCameFrom(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, `pools:
  a: {classes: [1MiB]}
  "?": {limit: 1KiB}
  b: {prewarm: {2MiB: 1}}
  c: {limit: 1KiB, prewarm: 100}
  d: {limit: 1KiB}
  e: {classes: {min: 8, max: 1GiB, steps: 8}}
`, "OTELPOOL_POOL_C_LIMIT=8")
	_, errA := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "a"})
	_, errB := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "b"})
	_, errC := poolconfig.NewBounded(c, strategies.BoundedConfig[[16]byte]{Name: "c"})
	_, errD := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "d", Size: 4096, Count: 1})
	_, errE := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "e"})
	want(
		t,
		"limit",
		errA,
		"poolconfig: pools.yaml:3: pools.a.limit: strategies: SizeClassesConfig.Limit is 1024: less than one buffer of the "+
			"smallest class; use at least 1048576, or 0 for 67108864",
	)
	want(
		t,
		"prewarm",
		errB,
		"poolconfig: pools.yaml:4: pools.b.prewarm: strategies: SizeClassesConfig.Prewarm[2097152] is 1: no class holds "+
			"2097152 bytes; the largest is 1048576",
	)
	want(t, "objects", errC, `strategies: BoundedConfig.New is nil: give a function that makes an object
poolconfig: OTELPOOL_POOL_C_LIMIT: pools.c.limit: strategies: BoundedConfig.Limit is 8: less than one object; use at least 16
poolconfig: pools.yaml:5: pools.c.prewarm: strategies: BoundedConfig.Prewarm is 100: must fit the limit of 8 bytes, which is 0 objects`)
	want(
		t,
		"slab",
		errD,
		"poolconfig: pools.yaml:6: pools.d.limit: strategies: FixedConfig.Count is 0: use the number of buffers, at least 1",
	)
	const tooMany = "poolconfig: pools.yaml:7: pools.e.classes: strategies: SizeClassesConfig.Classes is 217 classes: use at most "
	if errE == nil || !strings.HasPrefix(errE.Error(), tooMany) {
		t.Error(errE)
	}
}

func TestWhatAPoolCannotHaveIsRefusedByNameAndIgnoredByPattern(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, `pools:
  "*": {mode: off, zero: on-put, classes: [4KiB], limit: 1MiB, prewarm: 3, reserve: 1KiB}
  objects: {zero: on-put}
  bytes: {prewarm: 3}
  gc: {prewarm: {4KiB: 3}, limit: 1MiB, reserve: 1}
  slab: {mode: off}
`)
	object := func() *[16]byte { return new([16]byte) }
	_, errO := poolconfig.NewBounded(c, strategies.BoundedConfig[[16]byte]{Name: "objects", New: object})
	_, errB := poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "bytes"})
	_, errG := poolconfig.NewSync(c, strategies.SyncConfig[int]{Name: "gc"})
	_, errF := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "slab", Size: 4096, Count: 1})
	want(t, "objects", errO, "poolconfig: pools.yaml:3: pools.objects.zero is on-put: a bounded pool has no such setting: leave it out")
	later, _ := loaded(t, "{}")
	made, err := poolconfig.NewBounded(later, strategies.BoundedConfig[[16]byte]{Name: "objects", New: object})
	must(t, err)
	defer made.Close()
	write(t, later, "pools: {objects: {zero: on-put}}")
	want(t, "objects, made before", later.Reload(),
		"poolconfig: pools.yaml:1: pools.objects.zero is on-put: a bounded pool has no such setting: leave it out")
	want(t, "bytes", errB, "poolconfig: pools.yaml:4: pools.bytes.prewarm is 3: a sizeclasses pool has sizes: use {size: number}")
	want(t, "gc", errG, "poolconfig: pools.yaml:5: pools.gc.prewarm is {4KiB: 3}: a sync pool has no sizes: use a number of objects")
	want(t, "slab", errF, "poolconfig: pools.yaml:6: pools.slab.mode is off: this pool cannot be switched: leave it out")
	for _, e := range r.All() {
		if e.Source() != nil {
			t.Errorf("%s is open", e.Name())
		}
	}
	f, err := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "other", Size: 4096, Count: 1})
	must(t, err)
	defer f.Close()
	want(t, "slab", stats(f).ObjectLimit, 1)
	s, err := poolconfig.NewSync(c, strategies.SyncConfig[int]{Name: "ints"})
	must(t, err)
	defer s.Close()
	want(t, "ints", fmt.Sprint(s.Mode(), stats(s).Prewarmed), "off 3")
}

func TestEffectiveIsADocumentThatSaysTheSame(t *testing.T) {
	t.Parallel()
	c, _ := loaded(
		t,
		"budget: 1GiB\npools:\n  a: {limit: 2MiB, prewarm: {4KiB: 1}}\n  'b*': {limit: 3MiB}\n  later: {limit: 1MiB}\n",
		"OTELPOOL_POOL_A_ZERO=on-get",
		"OTELPOOL_POOL_Z_ZERO=on-get",
	)
	bodies(t, c, "a")
	bodies(t, c, "b[*]\\")
	p, err := poolconfig.NewSync(c, strategies.SyncConfig[int]{Name: "true"})
	must(t, err)
	defer p.Close()
	text := c.Effective().String()
	want(t, "effective", text, `budget: 1GiB # pools.yaml:1
pools:
  a:
    mode: on # code
    limit: 2MiB # pools.yaml:3
    reserve: 0 # code
    prewarm: {4KiB: 1} # pools.yaml:3
    zero: on-get # OTELPOOL_POOL_A_ZERO
    safety: sampled # code
    classes: [256, 512, 1KiB, 2KiB, 4KiB, 8KiB, 16KiB, 32KiB, 64KiB, 128KiB, 256KiB,
      512KiB, 1MiB] # code
  b\[\*]\\:
    mode: on # code
    limit: 3MiB # pools.yaml:4
    reserve: 0 # code
    prewarm: {} # code
    zero: never # code
    safety: sampled # code
    classes: [256, 512, 1KiB, 2KiB, 4KiB, 8KiB, 16KiB, 32KiB, 64KiB, 128KiB, 256KiB,
      512KiB, 1MiB] # code
  'true':
    mode: on # code
    prewarm: 0 # code
# no open pool matches later (pools.yaml:5)
# no open pool matches OTELPOOL_POOL_Z
`)
	if !conforms(t, text) {
		t.Error("the schema refuses it")
	}
	again, _ := loaded(t, text)
	bodies(t, again, "a")
	bodies(t, again, "b[*]\\")
	q, err := poolconfig.NewSync(again, strategies.SyncConfig[int]{Name: "true"})
	must(t, err)
	defer q.Close()
	for i, s := range again.Effective().Settings {
		if old := c.Effective().Settings[i]; s.Pool != old.Pool || s.Field != old.Field || s.Value != old.Value {
			t.Errorf("%+v became %+v", old, s)
		}
	}
}

func TestSafetyIsSetWhenAPoolIsMade(t *testing.T) {
	t.Parallel()
	c, _ := loaded(t, "pools:\n  a: {safety: strict}\n  slab: {safety: off}\n")
	a := bodies(t, c, "a")
	b := a.Get(100)
	samples := 0
	a.Samples(func(control.Sample) bool { samples++; return true })
	a.Put(b)
	if samples != 1 {
		t.Errorf("%d samples of a pool that is to be strict, with one buffer out", samples)
	}
	slab, err := poolconfig.NewFixed(c, strategies.FixedConfig{Name: "slab", Size: 64, Count: 1})
	must(t, err)
	defer slab.Close()
	var s pool.Stats
	if slab.Stats(&s); s.Knows.Misuse != 0 {
		t.Error("a slab looks that is to be off")
	}
	want(t, "effective", setting(c, "a", "safety"), "strict from pools.yaml:2")
}

func TestEffectiveTellsWhatTheProgramChangedSince(t *testing.T) {
	t.Parallel()
	c, r := loaded(t, "pools:\n  a: {limit: 2MiB}\n")
	bodies(t, c, "a").SetLimit(5 << 20)
	r.Budget().SetLimit(9 << 20)
	want(t, "limit", setting(c, "a", "limit"), "5MiB from the program")
	want(t, "budget", setting(c, "", "budget"), "9MiB from the program")
}
