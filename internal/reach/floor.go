package reach

import "time"

// Floor is the fewest objects out for some time. Depths are counted from it: objects that never
// come back, or come back to another class, would make every depth look alike.
type Floor struct {
	Least int64

	recent int64 // the fewest since the turn
	turned time.Duration
	seen   bool
}

// Lower takes in a window at whose end so many were out, and returns the fewest. Those of before
// the last turn are forgotten.
func (f *Floor) Lower(out int64, window, turn time.Duration) int64 {
	if !f.seen {
		f.Least, f.recent, f.seen = out, out, true
	}
	f.recent = min(f.recent, out)
	f.Least = min(f.Least, out)
	if f.turned += window; f.turned > turn {
		f.Least, f.recent, f.turned = f.recent, out, 0
	}
	return f.Least
}
