package upstream_test

// suite is somebody's tests, and how they get to run on a pool of ours.
type suite struct {
	name     string
	module   string // "std", or a module of the proxy
	version  string // of the module; for std, the go command's
	sum      string // of the module, unless the lab requires it and has it in go.sum
	packages []string
	replace  map[string]string // modules of theirs that ours take the place of, by directory
	prepare  func(*workspace)  // puts our pool in; says how
	variable string            // what the linker sets to a mode, if anything
	modes    []mode
	bite     bite
}

// mode is one way to run a suite.
type mode struct {
	name string // what the suite's variable is set to
	race bool
	long bool // for make test-all
	less bool // go test -short
	tags string
	skip []skip
	soon []skip // tests that pass in one of five runs

	without string // a package that has no tests in the mode
}

// skip is a test, or Test/Name for a method of gRPC's, that does not run in a mode.
// A name that no test has is an error.
type skip struct{ test, reason string }

// bite is a mode with a pool that cannot work, and what its failure must say: a
// suite that passes in it does not use our pool.
type bite struct{ mode, run, want string }

const (
	internals = "tests sync.Pool's internal queue, of which our pools have none"
	gcSized   = "wants objects dropped by collections and handed out in sync.Pool's order; a Bounded keeps them up to its " +
		"limit, last in first out"
)

var internalTests = []skip{{"TestPoolDequeue", internals}, {"TestPoolChain", internals}}

// soonTests are Go's that collect twice in a row.
var soonTests = []skip{{"TestPool", "the second collection drops what the first one's cleanup has aged, and that may come too late"}}

var boundedSkips = append([]skip{{"TestPool", gcSized}, {"TestPoolRelease", gcSized}}, internalTests...)

const leaky = "leaves what it cuts off to the garbage collector, on gRPC's own pool too: go test -tags checkbuffers " +
	"./internal/transport in the module"

var leakyTests = []skip{
	{"Test/LargeMessageSuspension", leaky},
	{"Test/ServerConnDecoupledFromApplicationRead", leaky},
	{"Test/ServerContextCanceledOnClosedConnection", leaky},
	{"Test/ServerWithMisbehavedClient", leaky},
}

var fasthttpSkips = []skip{{"TestDialerGetDialFunc", "looks up github.com: there may be no such network"}}

var arrowSkips = []skip{
	{"TestGoAllocator_Allocate", "wants a capacity equal to the length, which is a class's here"},
	{"TestConcatenate/list_view", "arrow/internal/testing/gen/random_array_gen.go reads memory after it has freed it"},
	{"TestConcatenate/large_list_view", "the same"},
}

var suites = []suite{
	{
		name:     "sync",
		module:   "std",
		packages: []string{"./gosync"},
		prepare:  prepareSync,
		variable: "github.com/otelpool/pool/lab/upstream/gosync.strategy",
		modes: []mode{
			{name: "bounded", skip: boundedSkips},
			{name: "sync", skip: internalTests, soon: soonTests},
			{name: "wrap", skip: internalTests, soon: soonTests},
			// Go leaves its tests out of race builds, since sync.Pool drops objects at
			// random there. A Bounded does not. TestPoolStress would make ten million ghosts.
			{name: "bounded", race: true, long: true, less: true, skip: boundedSkips},
		},
		bite: bite{mode: "broken", run: "TestPoolNew", want: "got 42; want 3"},
	},
	{
		name:    "grpc",
		module:  "google.golang.org/grpc",
		version: "v1.85.0",
		packages: []string{
			"./mem", "./internal/mem", "./experimental", "./encoding/proto", "./internal/transport",
		},
		prepare:  prepareGRPC,
		variable: "github.com/otelpool/pool/lab/upstream/inject.mode",
		modes: []mode{
			{name: "plain"},
			// The tag has gRPC's own leak check fail tests.
			{name: "checked", long: true, tags: "checkbuffers", skip: leakyTests},
			{name: "plain", race: true, long: true}, // not checked: its lock would hide races
		},
		bite: bite{mode: "panic", run: "^Test$/^LargeMessage$", want: "inject: this pool is in use"},
	},
	{
		name:    "fasthttp",
		module:  "github.com/valyala/fasthttp",
		version: "v1.78.0",
		sum:     "h1:tKfLdx7cD8HZOTP1wc2OpbQMbgO1HP12J0y/XMdyW6Q=",
		packages: []string{
			".", "./examples/helloworldserver", "./expvarhandler", "./fasthttpadaptor", "./fasthttpproxy", "./fasthttputil",
			"./pprofhandler", "./prefork", "./reuseport", "./stackless", "./tcplisten",
		},
		replace: map[string]string{"github.com/valyala/bytebufferpool": "shims/bytebufferpool"},
		prepare: prepareByteBufferPool,
		// Some of its tests wait for a second at most, and fail on a machine that is busy.
		modes: []mode{
			{name: "plain", long: true, skip: fasthttpSkips},
			{name: "checked", long: true, skip: fasthttpSkips},
			{name: "plain", race: true, long: true, skip: fasthttpSkips, without: "./examples/helloworldserver"}, // it counts allocations
		},
		bite: bite{mode: "double", run: "^TestResponseSwapBodySerial$", want: "checked: Put of a buffer that was put already"},
	},
	{
		name:     "arrow",
		module:   "github.com/apache/arrow-go/v18",
		version:  "v18.8.0",
		sum:      "h1:BLOzbPv7bxMPgXPacAg6HQjnxupYsZzC4tf+FkqPU/M=",
		packages: []string{"./arrow/memory", "./arrow/array", "./arrow/ipc"},
		prepare:  prepareArrow,
		variable: "github.com/otelpool/pool/lab/upstream/inject.mode",
		modes: []mode{
			{name: "plain", long: true, skip: arrowSkips},
			{name: "checked", long: true, skip: arrowSkips},
			{name: "plain", race: true, long: true, skip: arrowSkips},
		},
		bite: bite{mode: "panic", run: "^TestConcatenate$/^int8$", want: "inject: this pool is in use"},
	},
}
