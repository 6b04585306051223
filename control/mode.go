package control

// Mode says whether a pool pools.
type Mode uint8

const (
	// ModeOn keeps what is given back for the next request.
	ModeOn Mode = iota
	// ModeCount allocates for every request and drops what is given back, and
	// counts both, as misses and as refused: what the same traffic costs without
	// pooling.
	ModeCount
	// ModeOff does the same and counts nothing: the pool is out of the way. What
	// is in use is unknown from then on, since what comes back later may have been
	// handed out before.
	ModeOff
	NumModes = iota
)

var modeNames = [NumModes]string{"on", "count", "off"}

// String is the mode's name in configurations and in print.
func (m Mode) String() string { return nameOf(modeNames[:], int(m)) }

// Switchable is a pool that can stop pooling while it is in use.
//
// SetMode takes effect for calls that begin after it returns; those under way may end
// in the old mode. A pool that leaves ModeOn drops what it holds, at once or with the
// next garbage collections. Buffers and objects are the same in every mode, so those
// taken in one may be given back in another. The mode of a closed pool is ModeOn, and
// setting it does nothing.
type Switchable interface {
	Mode() Mode
	SetMode(m Mode)
}
