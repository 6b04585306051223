package ask

import "time"

// Aside calls f, which may hang, for a goroutine on which others wait: the runtime's
// for cleanups. It does so beside it and waits a moment, so that few run at a time.
func Aside(f func()) {
	c := Caller{Patience: time.Millisecond}
	c.Do(1, func(int) { f() }, func(int, <-chan struct{}) func(int) { return nil })
}
