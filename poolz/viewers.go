package poolz

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxViewers = 32
	lively     = 3 * interval // a viewer that took a frame within this keeps its place
)

// viewers has the seats of all viewers. A stream's client acknowledges every
// frame, because a write that returns shows only that some buffer took the
// frame: the kernel's, which holds minutes of frames, or a proxy's.
type viewers struct {
	mu  sync.Mutex
	all map[string]*seat // by token
}

// seat is one viewer's.
type seat struct {
	token   string
	leave   chan struct{} // closed when another needs the place
	took    time.Time     // when it last took a frame, or came
	ever    bool          // it took one
	sent    uint64        // frames
	pending []time.Time   // when the frames that it has not taken were sent
}

// enter gives a new viewer a seat, if need be the one of the viewer that has
// been silent for longest.
func (v *viewers) enter(now time.Time) (*seat, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.all) >= maxViewers && !v.evict(now) {
		return nil, fmt.Errorf("poolz: %d viewers are being served, the most allowed: close one of them", maxViewers)
	}
	p := &seat{token: rand.Text(), leave: make(chan struct{}), took: now}
	v.all[p.token] = p
	return p, nil
}

func (v *viewers) evict(now time.Time) bool {
	var oldest *seat
	for _, p := range v.all {
		if p.ever && now.Sub(p.took) < lively {
			continue
		}
		if oldest == nil || p.took.Before(oldest.took) {
			oldest = p
		}
	}
	if oldest == nil {
		return false
	}
	delete(v.all, oldest.token)
	close(oldest.leave)
	return true
}

func (v *viewers) exit(p *seat) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.all, p.token)
}

// frame notes that a frame is about to be sent. By the deadline the client has
// to take the oldest frame that it has not taken; ok is false once the deadline
// has passed.
func (v *viewers) frame(p *seat, now time.Time, patience time.Duration) (id string, deadline time.Time, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p.sent++
	p.pending = append(p.pending, now)
	deadline = p.pending[0].Add(patience)
	return p.token + "." + strconv.FormatUint(p.sent, 10), deadline, now.Before(deadline)
}

// acknowledge notes that a client took the frame with this id, and all before
// it. It is no error if the stream has ended: the viewer has left the page.
func (v *viewers) acknowledge(id string, now time.Time) {
	token, number, _ := strings.Cut(id, ".")
	seq, err := strconv.ParseUint(number, 10, 64)
	v.mu.Lock()
	defer v.mu.Unlock()
	p := v.all[token]
	if err != nil || p == nil || seq > p.sent {
		return
	}
	if left := p.sent - seq; left < uint64(len(p.pending)) {
		p.pending = p.pending[uint64(len(p.pending))-left:]
		p.took, p.ever = now, true
	}
}
