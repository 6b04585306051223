package adaptive

import (
	"context"
	"time"

	"github.com/otelpool/pool/adaptive/signals"
	"github.com/otelpool/pool/control"
)

// NoLimit is the value of a limit that is not set.
const NoLimit = signals.NoLimit

// Signals is where a controller gets its readings from, and who wakes it between
// them. Read and Watch run on different goroutines.
type Signals interface {
	// Read overwrites *into with how short of memory the process is now. What
	// cannot be told has its reason in Status.Err, and is never guessed. It does
	// not wait for Watch, and allocates nothing while all goes well.
	Read(now time.Time, into *Reading)
	// Watch calls wake for every event that is worth a run of the controller,
	// until ctx ends, and returns after the last call. It returns nil when ctx
	// ended and otherwise why nothing can be watched, which is no reason not to
	// go on reading. wake neither waits nor allocates.
	Watch(ctx context.Context, wake func(control.Trigger)) error
}

// What a reading consists of.
type (
	// Reading is how short of memory the process is at one moment.
	Reading = signals.Reading
	// Status says how far a part of a Reading can be trusted.
	Status = signals.Status
	// HeapReading is what the runtime knows.
	HeapReading = signals.HeapReading
	// CgroupReading is what the control group knows.
	CgroupReading = signals.CgroupReading
	// PSIReading is how long tasks stalled for want of memory.
	PSIReading = signals.PSIReading
	// ExternalReading is what the service manager, or the program itself, asked.
	ExternalReading = signals.ExternalReading
)
