package upstream_test

// suite is somebody's tests, and how they get to run on a pool of ours.
type suite struct {
	name     string
	module   string // "std", or a module of the proxy
	version  string // of the module; for std, the go command's
	packages []string
	prepare  func(*workspace) // puts our pool in; says how
	variable string           // what the linker sets to a mode
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

var boundedSkips = append([]skip{{"TestPool", gcSized}, {"TestPoolRelease", gcSized}}, internalTests...)

const leaky = "leaves what it cuts off to the garbage collector, on gRPC's own pool too: go test -tags checkbuffers " +
	"./internal/transport in the module"

var leakyTests = []skip{
	{"Test/LargeMessageSuspension", leaky},
	{"Test/ServerConnDecoupledFromApplicationRead", leaky},
	{"Test/ServerContextCanceledOnClosedConnection", leaky},
	{"Test/ServerWithMisbehavedClient", leaky},
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
			{name: "sync", skip: internalTests},
			{name: "wrap", skip: internalTests},
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
}
