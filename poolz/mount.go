package poolz

import (
	"net/http"
	"strings"
	"sync"
)

// below is the part of a request's path below the path at which the page is
// mounted, where there is nothing. The request's pattern has the mount. If a
// router sets no pattern the mount is unknown, and every path that the router
// sends here shows the page.
func below(r *http.Request) string {
	slash := strings.IndexByte(r.Pattern, '/')
	if slash < 0 {
		return ""
	}
	mount := strings.Split(r.Pattern[slash:], "/")
	if last := mount[len(mount)-1]; last == "*" || last == "{$}" || strings.HasSuffix(last, "...}") {
		mount[len(mount)-1] = ""
	}
	path := strings.Split(r.URL.Path, "/")
	if rest, ok := after(path, mount); ok {
		return rest
	}
	return strings.TrimPrefix(r.URL.Path, "/") // behind http.StripPrefix
}

// after is the rest of a path's segments after the mount's.
func after(path, mount []string) (rest string, ok bool) {
	subtree := mount[len(mount)-1] == ""
	if subtree {
		mount = mount[:len(mount)-1]
	}
	if len(path) < len(mount) || !subtree && len(path) > len(mount) {
		return "", false
	}
	for i, m := range mount {
		if m != path[i] && !strings.HasPrefix(m, "{") {
			return "", false
		}
	}
	return strings.Join(path[len(mount):], "/"), true
}

// shutdowns tells viewers that their server is being shut down: Shutdown waits
// for requests under way, and a stream has no end of its own.
type shutdowns struct {
	mu    sync.Mutex
	begun map[*http.Server]chan struct{}
}

// done is closed when the request's server is told to shut down.
func (s *shutdowns) done(r *http.Request) <-chan struct{} {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	begun := s.begun[server]
	if begun == nil {
		begun = make(chan struct{})
		server.RegisterOnShutdown(sync.OnceFunc(func() { close(begun) }))
		if s.begun == nil {
			s.begun = map[*http.Server]chan struct{}{}
		}
		s.begun[server] = begun
	}
	return begun
}
