package poolz

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// stream follows the pools by server-sent events: "view" has the page's main
// part as markup, "points" the new points of the charts. Both are rendered
// under the sampler's lock and written after it is released. A client that has
// not taken a frame for writeTimeout is disconnected: see viewers.
func (h *handler) stream(w http.ResponseWriter, r *http.Request, q *query) {
	q.format = "html"
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		return
	}
	place, err := h.viewers.enter(time.Now())
	if err != nil {
		tooMany(w, err)
		return
	}
	defer h.viewers.exit(place)
	defer h.sampler.watch()()
	s := &viewer{handler: h, query: q, place: place, out: http.NewResponseController(w), w: w, drawn: map[string]uint64{}}
	tick := time.Tick(interval)
	for s.send() == nil {
		select {
		case <-place.leave:
			s.cutOff()
			return
		case <-tick:
			h.sampler.sample(time.Now())
		case <-h.servers.done(r):
			return
		case <-r.Context().Done():
			return
		}
	}
}

// viewer is one open stream.
type viewer struct {
	handler *handler
	query   *query
	place   *seat
	w       http.ResponseWriter
	out     *http.ResponseController
	detail  detail
	drawn   map[string]uint64 // chart, and the sample it was sent last
	buffer  bytes.Buffer
}

// send writes one frame. An error ends the stream.
func (s *viewer) send() error {
	id, deadline, ok := s.handler.viewers.frame(s.place, time.Now(), s.handler.writeTimeout)
	if !ok {
		s.cutOff()
		return errors.New("poolz: the client takes nothing")
	}
	var err error
	s.buffer.Reset()
	fmt.Fprintf(&s.buffer, "id: %s\n", id) // of the first event, and so of those that follow
	s.handler.see(s.query, &s.detail, func(v *view) { err = s.render(v) })
	if err != nil {
		return err
	}
	// Not every ResponseWriter has deadlines; those of net/http do.
	_ = s.out.SetWriteDeadline(deadline)
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return err
	}
	return s.out.Flush()
}

// cutOff makes every write fail, so that the server closes the connection.
func (s *viewer) cutOff() { _ = s.out.SetWriteDeadline(time.Now().Add(-time.Second)) }

func (s *viewer) render(v *view) error {
	if v == nil {
		s.event("view", []byte("<p class=\"empty\">The registry no longer has this pool. <a href=\"?\">All pools</a></p>"))
		return nil
	}
	markup, err := s.handler.html(v, "main")
	if err != nil {
		return err
	}
	points, err := json.Marshal(s.charts(v))
	if err != nil {
		return err
	}
	s.event("view", markup)
	s.event("points", points)
	return nil
}

func (s *viewer) event(name string, data []byte) {
	fmt.Fprintf(&s.buffer, "event: %s\n", name)
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		fmt.Fprintf(&s.buffer, "data: %s\n", line)
	}
	s.buffer.WriteByte('\n')
}
