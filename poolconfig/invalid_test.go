package poolconfig_test

import (
	"cmp"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/otelpool/pool/poolconfig"
	"github.com/otelpool/pool/strategies"
)

// invalid is what can be wrong with documents and variables, and what is said
// of it: every line of the error without its prefix.
var invalid = []struct {
	name, document string
	environ        []string
	beyond         bool // what the JSON Schema cannot know
	want           []string
}{
	{
		name:     "a document cut to nothing",
		document: "\n",
		want:     []string{"pools.yaml: the document is empty: write {} for one without settings"},
	},
	{
		name:     "a document cut after its first comment",
		document: "# all pools\n",
		want:     []string{"pools.yaml: the document is empty: write {} for one without settings"},
	},
	{
		name:     "a list",
		document: "- a\n",
		want:     []string{"pools.yaml:1: the document is a list: use a mapping with budget, controller, pools"},
	},
	{
		name:     "a word",
		document: "pools\n",
		want:     []string{`pools.yaml:1: the document is "pools": use a mapping with budget, controller, pools`},
	},
	{
		name:     "an unknown field",
		document: "pool:\n  a: {limit: 1MiB}\n",
		want:     []string{"pools.yaml:1: pool is not known: did you mean pools?"},
	},
	{
		name:     "a misspelt field",
		document: "bugdet: 1GiB\n",
		want:     []string{"pools.yaml:1: bugdet is not known: did you mean budget?"},
	},
	{
		name:     "a field of the wrong case",
		document: "pools:\n  a:\n    classMetrics: true\n",
		want:     []string{"pools.yaml:3: pools.a.classMetrics is not known: did you mean class_metrics?"},
	},
	{
		name:     "a field that looks like none",
		document: "pools:\n  a:\n    colour: red\n",
		want: []string{
			"pools.yaml:3: pools.a.colour is not known: use mode, limit, reserve, prewarm, zero, safety, classes, class_metrics",
		},
	},
	{
		name:     "an empty field",
		document: "budget:\n",
		want:     []string{"pools.yaml:1: budget is empty: give it a value, or leave it out"},
	},
	{
		name:     "an empty setting",
		document: "pools:\n  a:\n    limit:\n",
		want:     []string{"pools.yaml:3: pools.a.limit is empty: give it a value, or leave it out"},
	},
	{
		name:     "an empty pool",
		document: "pools:\n  a:\n",
		want: []string{
			"pools.yaml:2: pools.a is empty: use a mapping with mode, limit, reserve, prewarm, zero, safety, classes, class_metrics",
		},
	},
	{
		name:     "pools without names",
		document: "pools: [a, b]\n",
		want:     []string{"pools.yaml:1: pools is a list: use a mapping from names or patterns to settings"},
	},
	{
		name:     "a pool that is a number",
		document: "pools:\n  a: 3\n",
		want: []string{
			"pools.yaml:2: pools.a is 3: use a mapping with mode, limit, reserve, prewarm, zero, safety, classes, class_metrics",
		},
	},
	{
		name:     "a name that is a list",
		document: "pools:\n  ? [a]\n  : {limit: 1MiB}\n",
		want:     []string{"pools.yaml:2: a name in pools is a list: use a word"},
	},
	{
		name:     "an empty name",
		document: "pools:\n  \"\": {limit: 1MiB}\n",
		want:     []string{`pools.yaml:2: a name in pools is "": use a pool's name, or a pattern like "http.*"`},
	},
	{
		name:     "an open bracket in a pattern",
		document: "pools:\n  \"http.[ab\": {limit: 1MiB}\n",
		beyond:   true,
		want:     []string{`pools.yaml:2: a name in pools is "http.[ab": not a pattern: close [, and write \[ for the character`},
	},
	{
		name:     "a pattern without quotes",
		document: "pools:\n  *: {limit: 1MiB}\n",
		want: []string{
			`pools.yaml:2: not YAML or JSON: did not find expected alphabetic or numeric character: put a pattern that begins ` +
				`with * between quotes, as in "*"`,
		},
	},
	{
		name:     "a pool given twice",
		document: "pools:\n  a: {limit: 1MiB}\n  b: {limit: 1MiB}\n  a: {limit: 2MiB}\n",
		want:     []string{"pools.yaml:4: pools.a is given twice: the first is at pools.yaml:2: keep one"},
	},
	{
		name:     "a field given twice",
		document: "budget: 1GiB\nbudget: 2GiB\n",
		want:     []string{"pools.yaml:2: budget is given twice: the first is at pools.yaml:1: keep one"},
	},
	{
		name:     "a merge",
		document: "pools:\n  a: &a {limit: 1MiB}\n  b:\n    <<: *a\n",
		beyond:   true,
		want:     []string{"pools.yaml:4: pools.b.<< is not known: YAML merges are not supported: use a pattern that matches both pools"},
	},
	{
		name:     "two documents",
		document: "budget: 1GiB\n---\nbudget: 2GiB\n",
		want:     []string{"pools.yaml: not YAML or JSON: more than one document: keep the first, without the line ---"},
	},
	{
		name:     "a tab",
		document: "pools:\n\ta: {limit: 1MiB}\n",
		want: []string{
			"pools.yaml:2: not YAML or JSON: found character that cannot start any token: indent with spaces, not tabs, and " +
				"put such characters between quotes",
		},
	},
	{
		name:     "an open brace",
		document: "{\"budget\": \"1GiB\"",
		want:     []string{"pools.yaml:2: not YAML or JSON: did not find expected ',' or '}'"},
	},
	{
		name:     "an unknown anchor",
		document: "budget: *a\n",
		want:     []string{"pools.yaml:1: not YAML or JSON: unknown anchor 'a' referenced"},
	},
	{
		name:     "bytes that are no text",
		document: "budget: \u0001\n",
		want:     []string{"pools.yaml: not YAML or JSON: control characters are not allowed (value: 1)"},
	},
	{
		name:     "a budget that is a word",
		document: "budget: lots\n",
		want:     []string{`pools.yaml:1: budget is "lots": use bytes or a size like 512KiB, 64MiB or 1.5GiB, or unlimited`},
	},
	{
		name:     "a budget below zero",
		document: "budget: -1\n",
		want:     []string{"pools.yaml:1: budget is -1: use 0 or more bytes, or unlimited"},
	},
	{
		name:     "a budget that is a mapping",
		document: "budget: {limit: 1GiB}\n",
		want:     []string{"pools.yaml:1: budget is a mapping: use bytes or a size like 512KiB, 64MiB or 1.5GiB, or unlimited"},
	},
	{
		name:     "a size with a letter for a unit",
		document: "pools:\n  a: {limit: 64M}\n",
		want:     []string{`pools.yaml:2: pools.a.limit is "64M": say which: 64MiB counts in 1024s, 64MB in 1000s, or unlimited`},
	},
	{
		name:     "a size of half a byte",
		document: "pools:\n  a: {limit: 0.5B}\n",
		beyond:   true,
		want:     []string{`pools.yaml:2: pools.a.limit is "0.5B": use whole bytes, or unlimited`},
	},
	{
		name:     "a size beyond all memory",
		document: "pools:\n  a: {limit: 9000000TiB}\n",
		beyond:   true,
		want: []string{
			`pools.yaml:2: pools.a.limit is "9000000TiB": use less than 8 EiB, the largest size that there is, or unlimited`,
		},
	},
	{
		name:     "a size of 63 ones",
		document: "pools:\n  a: {limit: 9223372036854775807}\n",
		beyond:   true,
		want: []string{
			"pools.yaml:2: pools.a.limit is 9223372036854775807: use less than 8 EiB, the largest size that there is, or unlimited",
		},
	},
	{
		name:     "a size in octal",
		document: "pools:\n  a: {limit: 0777}\n",
		beyond:   true,
		want:     []string{"pools.yaml:2: pools.a.limit is 0777: use bytes or a size like 512KiB, 64MiB or 1.5GiB, or unlimited"},
	},
	{
		name:     "a size with an exponent",
		document: "pools:\n  a: {limit: 1e6}\n",
		beyond:   true,
		want:     []string{`pools.yaml:2: pools.a.limit is "1e6": use bytes or a size like 512KiB, 64MiB or 1.5GiB, or unlimited`},
	},
	{
		name:     "a limit of zero",
		document: "pools:\n  a: {limit: 0}\n",
		want:     []string{"pools.yaml:2: pools.a.limit is 0: use 1 or more bytes; mode: off stops pooling"},
	},
	{
		name:     "a reserve without end",
		document: "pools:\n  a: {reserve: unlimited}\n",
		want:     []string{`pools.yaml:2: pools.a.reserve is "unlimited": use bytes or a size like 512KiB, 64MiB or 1.5GiB`},
	},
	{
		name:     "a reserve above the limit",
		document: "pools:\n  a: {limit: 1MiB, reserve: 2MiB}\n",
		beyond:   true,
		want:     []string{"pools.yaml:2: pools.a.reserve is 2MiB: more than the limit of 1MiB: lower it, or raise the limit"},
	},
	{
		name:     "an unknown mode",
		document: "pools:\n  a: {mode: maybe}\n",
		want:     []string{`pools.yaml:2: pools.a.mode is "maybe": use on, count or off`},
	},
	{
		name:     "a mode that is a number",
		document: "pools:\n  a: {mode: 1}\n",
		want:     []string{"pools.yaml:2: pools.a.mode is 1: use on, count or off"},
	},
	{
		name:     "an unknown safety",
		document: "pools:\n  a: {safety: paranoid}\n",
		want:     []string{`pools.yaml:2: pools.a.safety is "paranoid": use sampled, off or strict`},
	},
	{
		name:     "a safety that is on",
		document: "pools:\n  a: {safety: true}\n",
		want:     []string{`pools.yaml:2: pools.a.safety is "true": use sampled, off or strict`},
	},
	{
		name:     "an unknown zeroing",
		document: "pools:\n  a: {zero: always}\n",
		want:     []string{`pools.yaml:2: pools.a.zero is "always": use never, on-put or on-get`},
	},
	{
		name:     "a size that is a mapping",
		document: "pools:\n  a: {reserve: {}}\n",
		want:     []string{"pools.yaml:2: pools.a.reserve is a mapping: use bytes or a size like 512KiB, 64MiB or 1.5GiB"},
	},
	{
		name:     "a flag that is a number",
		document: "pools:\n  a: {class_metrics: 1}\n",
		want:     []string{"pools.yaml:2: pools.a.class_metrics is 1: use true or false"},
	},
	{
		name:     "a flag in YAML 1.1",
		document: "pools:\n  a: {class_metrics: yes}\n",
		want:     []string{`pools.yaml:2: pools.a.class_metrics is "yes": use true or false`},
	},
	{
		name:     "prewarm below zero",
		document: "pools:\n  a: {prewarm: -1}\n",
		want:     []string{"pools.yaml:2: pools.a.prewarm is -1: use a number, or, for a pool with size classes, {size: number}"},
	},
	{
		name:     "prewarm by half",
		document: "pools:\n  a: {prewarm: 1.5}\n",
		want:     []string{`pools.yaml:2: pools.a.prewarm is "1.5": use a number, or, for a pool with size classes, {size: number}`},
	},
	{
		name:     "prewarm that is a list",
		document: "pools:\n  a: {prewarm: [1, 2]}\n",
		want:     []string{"pools.yaml:2: pools.a.prewarm is a list: use a number, or, for a pool with size classes, {size: number}"},
	},
	{
		name:     "prewarm of no size",
		document: "pools:\n  a:\n    prewarm:\n      small: 3\n      0: 4\n",
		want: []string{
			`pools.yaml:4: a size in pools.a.prewarm is "small": use bytes or a size like 512KiB, 64MiB or 1.5GiB`,
			"pools.yaml:5: a size in pools.a.prewarm is 0: use bytes or a size like 512KiB, 64MiB or 1.5GiB",
		},
	},
	{
		name:     "prewarm of no number",
		document: "pools:\n  a: {prewarm: {4KiB: some}}\n",
		want:     []string{`pools.yaml:2: pools.a.prewarm.4KiB is "some": use a whole number, 0 or more`},
	},
	{
		name:     "prewarm of a size given twice",
		document: "pools:\n  a: {prewarm: {4KiB: 1, 4096: 2}}\n",
		want:     []string{"pools.yaml:2: a size in pools.a.prewarm is 4096: already given in another unit: keep one"},
	},
	{
		name:     "prewarm of more than can be counted",
		document: "pools:\n  a: {prewarm: 9223372036854775808}\n",
		beyond:   true,
		want: []string{
			"pools.yaml:2: pools.a.prewarm is 9223372036854775808: use a number, or, for a pool with size classes, {size: number}",
		},
	},
	{
		name:     "classes that are a word",
		document: "pools:\n  a: {classes: small}\n",
		want: []string{
			`pools.yaml:2: pools.a.classes is "small": use a list of sizes, or {min: size, max: size, steps: 1, 2, 4 or 8}`,
		},
	},
	{
		name:     "no classes",
		document: "pools:\n  a: {classes: []}\n",
		want:     []string{"pools.yaml:2: pools.a.classes is a list: no sizes: give at least one"},
	},
	{
		name:     "classes that descend",
		document: "pools:\n  a: {classes: [4KiB, 1KiB]}\n",
		beyond:   true,
		want:     []string{"pools.yaml:2: pools.a.classes is a list: size 1024 after 4096: sizes must ascend"},
	},
	{
		name:     "a class that is no size",
		document: "pools:\n  a: {classes: [4KiB, large]}\n",
		want:     []string{`pools.yaml:2: pools.a.classes[1] is "large": use bytes or a size like 512KiB, 64MiB or 1.5GiB`},
	},
	{
		name:     "classes without end",
		document: "pools:\n  a: {classes: {min: 1KiB}}\n",
		want: []string{
			"pools.yaml:2: pools.a.classes is a mapping: use a list of sizes, or {min: size, max: size, steps: 1, 2, 4 or 8}",
		},
	},
	{
		name:     "classes from no power of two",
		document: "pools:\n  a: {classes: {min: 1000, max: 4096}}\n",
		beyond:   true,
		want:     []string{"pools.yaml:2: pools.a.classes is a mapping: min 1000: use a power of two, at least 8"},
	},
	{
		name:     "classes in three steps",
		document: "pools:\n  a: {classes: {min: 1KiB, max: 4KiB, steps: 3}}\n",
		beyond:   true,
		want:     []string{"pools.yaml:2: pools.a.classes is a mapping: 3 steps per doubling: use 1, 2, 4 or 8"},
	},
	{
		name:     "classes with an unknown field",
		document: "pools:\n  a: {classes: {min: 1KiB, max: 4KiB, step: 2}}\n",
		want:     []string{"pools.yaml:2: pools.a.classes.step is not known: did you mean steps?"},
	},
	{
		name:    "an unknown variable",
		environ: []string{"OTELPOOL_LIMTI=1MiB"},
		want:    []string{"OTELPOOL_LIMTI: the variable is not known: did you mean OTELPOOL_LIMIT?"},
	},
	{
		name:    "a variable of an unknown field",
		environ: []string{"OTELPOOL_POOL_HTTP_BODY_SIZE=1MiB"},
		want: []string{
			"OTELPOOL_POOL_HTTP_BODY_SIZE: the variable is not known: unset it, or use OTELPOOL_BUDGET, OTELPOOL_MODE, " +
				"OTELPOOL_LIMIT, OTELPOOL_RESERVE, OTELPOOL_PREWARM, OTELPOOL_ZERO, OTELPOOL_SAFETY, OTELPOOL_CLASSES, " +
				"OTELPOOL_CLASS_METRICS, or one pool's, like OTELPOOL_POOL_HTTP_BODY_LIMIT for http.body",
		},
	},
	{
		name:    "a variable without a pool",
		environ: []string{"OTELPOOL_POOL_LIMIT=1MiB"},
		want: []string{
			"OTELPOOL_POOL_LIMIT: the variable is not known: unset it, or use OTELPOOL_BUDGET, OTELPOOL_MODE, OTELPOOL_LIMIT, " +
				"OTELPOOL_RESERVE, OTELPOOL_PREWARM, OTELPOOL_ZERO, OTELPOOL_SAFETY, OTELPOOL_CLASSES, OTELPOOL_CLASS_METRICS, or " +
				"one pool's, like OTELPOOL_POOL_HTTP_BODY_LIMIT for http.body",
		},
	},
	{
		name:    "a variable with a bad value",
		environ: []string{"OTELPOOL_BUDGET=big"},
		want:    []string{`OTELPOOL_BUDGET: budget is "big": use bytes or a size like 512KiB, 64MiB or 1.5GiB, or unlimited`},
	},
	{
		name:    "a variable of a pool with a bad value",
		environ: []string{"OTELPOOL_POOL_HTTP_BODY_PREWARM={4KiB: -1}"},
		want:    []string{"OTELPOOL_POOL_HTTP_BODY_PREWARM: prewarm.4KiB is -1: use a whole number, 0 or more"},
	},
	{
		name:    "a variable that is no YAML",
		environ: []string{"OTELPOOL_CLASSES=[1KiB"},
		want:    []string{`OTELPOOL_CLASSES: classes is "[1KiB": use a list of sizes, or {min: size, max: size, steps: 1, 2, 4 or 8}`},
	},
	{
		name:     "everything at once",
		document: "budget: big\npools:\n  a: {limit: 1, mode: 2, zero: 3}\n  b: {limits: 4}\n",
		environ:  []string{"OTELPOOL_MODE=aus", "OTELPOOL_RESERVE=-1"},
		want: []string{
			`pools.yaml:1: budget is "big": use bytes or a size like 512KiB, 64MiB or 1.5GiB, or unlimited`,
			"pools.yaml:3: pools.a.mode is 2: use on, count or off",
			"pools.yaml:3: pools.a.zero is 3: use never, on-put or on-get",
			"pools.yaml:4: pools.b.limits is not known: did you mean limit?",
			`OTELPOOL_MODE: mode is "aus": use on, count or off`,
			"OTELPOOL_RESERVE: reserve is -1: use 0 or more bytes",
		},
	},
	{
		name:     "a controller that is a word",
		document: "controller: on\n",
		want: []string{
			`pools.yaml:1: controller is "on": use a mapping with break_even, clamp, half_life, interval, pressure_interval, ` +
				`memory_limit, manage_memory_limit, dwell, force_gc, elevated, high, critical`,
		},
	},
	{
		name:     "an unknown knob",
		document: "controller: {breakeven: 10s, colour: red}\n",
		want: []string{
			"pools.yaml:1: controller.breakeven is not known: did you mean break_even?",
			"pools.yaml:1: controller.colour is not known: use break_even, clamp, half_life, interval, pressure_interval, " +
				"memory_limit, manage_memory_limit, dwell, force_gc, elevated, high, critical",
		},
	},
	{
		name:     "a time without a unit",
		document: "controller: {break_even: 10}\n",
		want:     []string{"pools.yaml:1: controller.break_even is 10: use a time like 250ms, 10s or 5m"},
	},
	{
		name:     "a time that goes back",
		document: "controller: {dwell: -1s}\n",
		want:     []string{`pools.yaml:1: controller.dwell is "-1s": use a time like 250ms, 10s or 5m`},
	},
	{
		name:     "a share beyond one",
		document: "controller: {clamp: 1.5}\n",
		want:     []string{`pools.yaml:1: controller.clamp is "1.5": use a number above 0 and up to 1`},
	},
	{
		name:     "a share that is no number",
		document: "controller: {clamp: NaN}\n",
		want:     []string{`pools.yaml:1: controller.clamp is "NaN": use a number above 0 and up to 1`},
	},
	{
		name:     "a break-even time too short",
		document: "controller:\n  interval: 2s\n  break_even: 1ms\n",
		beyond:   true,
		want:     []string{"pools.yaml:3: controller.break_even: adaptive: Config.BreakEven is 1ms: use 100ms or more, or 0 for 10s"},
	},
	{
		name:     "intervals the wrong way round",
		document: "controller:\n  interval: 100ms\n  pressure_interval: 1s\n",
		beyond:   true,
		want: []string{
			"pools.yaml:3: controller.pressure_interval: adaptive: Config.PressureInterval is 1s: longer than Interval, " +
				"100ms: use at most that",
		},
	},
	{
		name:     "half a band",
		document: "controller: {high: {enter: 0.7}}\n",
		want:     []string{"pools.yaml:1: controller.high is a mapping: give both enter and exit"},
	},
	{
		name:     "a band that ends above its begin",
		document: "controller: {high: {enter: 0.7, exit: 0.8}}\n",
		beyond:   true,
		want: []string{
			"pools.yaml:1: controller.high: adaptive: Config.Levels.High.Exit is 0.8: not below Enter, 0.7: use 0.08 less than that",
		},
	},
	{
		name:     "bands out of order",
		document: "controller:\n  elevated: {enter: 0.9, exit: 0.8}\n",
		beyond:   true,
		want: []string{
			"pools.yaml:2: controller.elevated: adaptive: Config.Levels.High.Enter is 0.7: not above Levels.Elevated.Enter, 0.9: raise it",
		},
	},
	{
		name:     "an unknown word for force_gc",
		document: "controller: {force_gc: sometimes}\n",
		want:     []string{`pools.yaml:1: controller.force_gc is "sometimes": use auto, never or always`},
	},
	{
		name:     "a memory limit that is none",
		document: "controller: {memory_limit: unlimited}\n",
		want:     []string{`pools.yaml:1: controller.memory_limit is "unlimited": use bytes or a size like 512KiB, 64MiB or 1.5GiB`},
	},
	{
		name:    "an unknown variable of the controller",
		environ: []string{"OTELPOOL_CONTROLLER_SPEED=1"},
		want: []string{
			"OTELPOOL_CONTROLLER_SPEED: the variable is not known: unset it, or use OTELPOOL_CONTROLLER_BREAK_EVEN, " +
				"OTELPOOL_CONTROLLER_CLAMP, OTELPOOL_CONTROLLER_HALF_LIFE, OTELPOOL_CONTROLLER_INTERVAL, " +
				"OTELPOOL_CONTROLLER_PRESSURE_INTERVAL, OTELPOOL_CONTROLLER_MEMORY_LIMIT, " +
				"OTELPOOL_CONTROLLER_MANAGE_MEMORY_LIMIT, OTELPOOL_CONTROLLER_DWELL, OTELPOOL_CONTROLLER_FORCE_GC, " +
				"OTELPOOL_CONTROLLER_ELEVATED, OTELPOOL_CONTROLLER_HIGH, OTELPOOL_CONTROLLER_CRITICAL, or one pool's, like " +
				"OTELPOOL_POOL_HTTP_BODY_LIMIT for http.body",
		},
	},
	{
		name:    "a variable of the controller with a bad value",
		environ: []string{"OTELPOOL_CONTROLLER_HIGH={enter: 2, exit: 1}"},
		want:    []string{"OTELPOOL_CONTROLLER_HIGH: high.enter is 2: use a number above 0 and up to 1"},
	},
}

func linesOf(err error) string {
	if err == nil {
		return "no error"
	}
	return strings.ReplaceAll("\n"+err.Error(), "\npoolconfig: ", "\n")
}

func TestInvalidDocumentsAreRefusedWithWhatIsWrongAndWhatWouldBeRight(t *testing.T) {
	t.Parallel()
	for _, c := range invalid {
		_, _, err := load(t, cmp.Or(c.document, "{}"), c.environ...)
		if got, want := linesOf(err), "\n"+strings.Join(c.want, "\n"); got != want {
			t.Errorf("%s: got%s\nwant%s", c.name, got, want)
		}
	}
}

func TestInvalidDocumentsChangeNothing(t *testing.T) {
	t.Parallel()
	c, r, err := load(t, "budget: 1GiB\npools:\n  a: {limit: 3MiB, reserve: 1MiB, prewarm: {4KiB: 2}}\n")
	if err != nil {
		t.Fatal(err)
	}
	p := strategies.Must(poolconfig.NewSizeClasses(c, strategies.SizeClassesConfig{Name: "a"}))
	defer p.Close()
	before := c.Effective().String()
	for _, bad := range invalid {
		if bad.environ != nil {
			continue
		}
		write(t, c, bad.document)
		if err := c.Reload(); linesOf(err) != "\n"+strings.Join(bad.want, "\n") {
			t.Errorf("%s: reload says%s", bad.name, linesOf(err))
		}
		if after := c.Effective().String(); after != before || p.Limit() != 3<<20 || r.Budget().Limit() != 1<<30 {
			t.Errorf("%s: is now\n%s\nand was\n%s", bad.name, after, before)
		}
	}
}

func write(t testing.TB, c *poolconfig.Config, document string) {
	t.Helper()
	if err := os.WriteFile(c.File(), []byte(document), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSchemaRefusesWhatLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range invalid {
		if c.environ == nil && conforms(t, c.document) != c.beyond {
			t.Errorf("%s: the schema accepts it: %v, want %v", c.name, !c.beyond, c.beyond)
		}
	}
}

// conforms reports whether a document is YAML and valid by the schema.
func conforms(t *testing.T, document string) bool {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(poolconfig.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if yaml.Load([]byte(document), &v) != nil {
		return false
	}
	text, err := json.Marshal(v) // names that are no strings, such as numbers, are none in JSON
	if err != nil {
		return false
	}
	v = nil
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return resolved.Validate(v) == nil
}
