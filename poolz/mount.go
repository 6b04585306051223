package poolz

import (
	"net/http"
	"slices"
	"strings"
	"sync"
)

// below reports whether a request's path is below the path at which the page is
// mounted, where there is nothing. The request's pattern has the mount. If a
// router sets no pattern the mount is unknown, and every path that the router
// sends here shows the page.
func below(r *http.Request) bool {
	slash := strings.IndexByte(r.Pattern, '/')
	if slash < 0 {
		return false
	}
	mount := strings.Split(r.Pattern[slash:], "/")
	if last := mount[len(mount)-1]; last == "*" || last == "{$}" || strings.HasSuffix(last, "...}") {
		mount[len(mount)-1] = ""
	}
	path := r.URL.Path
	if mount[len(mount)-1] == "" { // a subtree's root is the same without its slash
		path = strings.TrimSuffix(path, "/") + "/"
	}
	here := slices.EqualFunc(mount, strings.Split(path, "/"), func(m, p string) bool { return m == p || strings.HasPrefix(m, "{") })
	return !here && strings.TrimPrefix(r.URL.Path, "/") != "" // behind http.StripPrefix
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
		s.begun[server] = begun
	}
	return begun
}
