package ask

import "time"

// line joins a round with the goroutine that reads for it. A value is the reader's
// alone from when it takes it from free until it sends it, and then the round's
// until that gives it back: the channels order their accesses. A round that gives
// up on its reader closes gone and leaves the line to it, values and all, since the
// reader may be writing to one. A reader touches nothing after its last answer, so
// a round that has taken that owns the line, and it can serve another.
type line[A any] struct {
	answers chan *A // nil: the reader has none
	free    chan *A
	gone    chan struct{}
	timer   *time.Timer // the round's
}

func (a *Asker[K, A]) line() *line[A] {
	if l, ok := a.lines.Get().(*line[A]); ok {
		return l
	}
	l := &line[A]{make(chan *A, ahead), make(chan *A, ahead), make(chan struct{}), time.NewTimer(patience)}
	for range ahead {
		l.free <- new(A)
	}
	return l
}

// take waits for the next answer while there is patience left, a part at a time: a
// pause of the whole process uses up one, and the reader has the others to go on.
func (l *line[A]) take(left *time.Duration) (value *A, ok bool) {
	select {
	case value = <-l.answers:
		return value, true
	default:
	}
	used, part := time.Duration(0), max(*left, least)/parts
	for i := 0; i < parts && !ok; i++ {
		start := time.Now()
		value, ok = l.within(part)
		used += min(time.Since(start), part)
	}
	if used >= least { // and was not waiting for a CPU
		*left -= used
	}
	return value, ok
}

func (l *line[A]) within(wait time.Duration) (value *A, ok bool) {
	l.timer.Reset(wait)
	defer l.timer.Stop()
	select {
	case value = <-l.answers:
		return value, true
	case <-l.timer.C:
		return nil, false
	}
}
