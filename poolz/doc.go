// Package poolz is a live page about every pool of a program, to be mounted in
// its own HTTP server, as net/http/pprof is:
//
//	mux.Handle("/debug/pools/", poolz.Handler())
//
// It needs nothing else: no OpenTelemetry, no network, no files. Any path and
// any router will do, since the page's links are queries without a path.
//
// # What it shows
//
// First the pools that need attention, each with a mark, the figures behind it
// and what to do: failed, misused, leaking, thrashing, refusing, missing,
// waiting, hoarding (see Marks below). Then the controller's readings and decisions,
// with their reasons; then the pools, in the order asked for, with requests,
// hit ratio, objects in use, memory held and its limit, and drops. Each pool has
// a page of its own with its size classes, and its drops and evictions by reason.
// Where the pool supports it, that page also shows the hit ratio it would have
// if it held more or less ([control.Curved]), misuse with the places in the
// code, and who has taken the objects in use ([control.Sampler]). The page
// catches panics of the program's own functions and shows them at the top.
//
// In a browser the page follows the program second by second; without JavaScript
// it is a table. For a terminal there is text, for programs JSON:
//
//	curl localhost:6060/debug/pools/                 # text, unless HTML is asked for
//	curl 'localhost:6060/debug/pools/?seconds=5'     # with rates: watches that long first
//	curl 'localhost:6060/debug/pools/?pool=http.body'
//	curl 'localhost:6060/debug/pools/?format=json&sort=held&limit=1000'
//
// Parameters: format (html, text, json; else the Accept header decides), sort
// (attention, name, requests, hit, misses, inuse, held, drops, evictions),
// order (asc, desc), filter (part of a name or strategy), state (one of the
// marks, or ok, quiet, off, closed), offset and limit (page; 50 unless told, at
// most 1000), pool (a name, or an id from the JSON), view (controller, or
// config: see [WithConfig]), seconds (1 to 120). The page answers anything else
// with status 400 and names every mistake.
//
// # Protect it
//
// The page only reads: it answers GET and HEAD, changes nothing, sets no cookie
// and loads nothing from elsewhere, which its Content-Security-Policy enforces.
// But pool names and memory figures are not for strangers. Serve it on a
// listener that only operators reach, or behind the program's authentication:
//
//	debug := http.NewServeMux()
//	debug.Handle("/debug/pools/", poolz.Handler())
//	go http.ListenAndServe("localhost:6060", debug) // kubectl port-forward, ssh -L
//
//	mux.Handle("/debug/pools/", requireAdmin(poolz.Handler()))
//
// The page answers only requests to localhost and loopback addresses, so that
// no web site can read it through a name that resolves to 127.0.0.1;
// [WithHosts] allows more names.
//
// # Cost
//
// Nothing while nobody looks: there is no goroutine, no timer and no history. A
// viewer's request reads the pools once a second, on a goroutine that ends when
// they have answered; further viewers share the readings. A Source that hangs
// keeps that goroutine, is shown as failed, and is asked again when it has
// returned. A request reads counters and takes no lock that Get or Put may
// need, with one exception: a pool's own page walks over its samples under the
// lock of sampled calls. BenchmarkFrame measures what a second costs: 0.06 % of
// a core with 20 pools and one viewer, 0.24 % with 1,000, on the 2-core machine
// where it was written. History is two minutes, about 5 KiB a pool, and dropped
// a minute after the last viewer has gone. The page serves at most 32 viewers
// at once. It disconnects a viewer whose client has not taken a frame for five
// seconds, or three when a new viewer needs the place. A stream ends when its
// server is shut down.
//
// # Marks
//
// The page judges by the last two minutes, as far as somebody has watched them:
//
//   - failed: its Source, the program's own, panics when it is asked, which the top
//     of the page shows, or does not answer within half a second.
//   - misused: an object was ever given back twice or in part, or written to after
//     Put or beyond its end; where a pool samples, one of the sampled objects.
//   - leaking: the number of objects in use rises steadily and traffic does not
//     explain it, or the garbage collector found objects never given back.
//   - thrashing: it drops idle objects and then misses them, each in a tenth of
//     requests or more.
//   - refusing: a tenth of the returned objects are dropped.
//   - missing: fewer than 80 % of requests are hits, at 5 a second or more.
//   - waiting: callers wait for an object, or gave up waiting.
//   - hoarding: at least 1 MiB, and half of the memory held, lay unused for as long
//     as the page has watched, a minute or more: fewer hits than idle objects.
//
// # JSON
//
// The schema field is 1 and will change if a field's meaning does; fields may be
// added. A figure that a pool cannot know is absent, never 0. Names are exact if
// they are UTF-8; id identifies a pool whatever its name. Durations are seconds,
// sizes bytes, ratios 0 to 1, times RFC 3339.
//
//	schema, time
//	seconds          the time that rates are averaged over; 0: no rates, since nobody was watching
//	summary          open, closed; states (a count for each); held_bytes, in_use_bytes;
//	                 budget, charged: the registry's budget and the part in use, if it is limited;
//	                 hit_ratio and requests_per_second where there are rates; panics, last_panic: those of
//	                 functions of the program, if any were caught
//	controller_silent  true if there is a controller, and it panics or does not answer
//	controller       absent where there is none:
//	  level, since, cause
//	  signals        name, value (1: at the limit), age, error
//	  limit          absent: no limit
//	  idle, last_run
//	  runs           by action
//	  forced_gcs, regrets
//	  efficiency     absent: not known yet
//	  decisions      oldest first: seq, time, trigger, from, to, cause, reason, action, limit_before,
//	                 limit, freed, kept, used_every, forced_gc, keep, drop, outcome
//	sort, order, filter, state, offset, limit
//	config           with view=config: the text
//	matched          pools that pass filter and state
//	next             the query of the next page; absent on the last
//	pools
//	  id, name, strategy; mode where the pool can be switched
//	  state          the gravest mark; ok, quiet, off or closed
//	  marks          state, why (for people)
//	  requests       by result, since the pool was made; likewise
//	  returns, evictions, evicted_bytes, allocations, allocated_bytes, requested_bytes, prewarmed
//	  idle, idle_bytes, in_use, in_use_bytes, limit, object_limit, grown, shrunk, pending
//	  misuse         by kind; absent where the pool does not check
//	  hit_ratio      since the pool was made
//	  rates          per second: requests, hits, misses, returns, drops, evictions; hit_ratio
//	  classes        with pool=…: size; requests to idle_bytes as above; idle_age and regrets if controlled
//	  curve          with pool=…: bytes (more or less than held now) and the hit_ratio it would have had
//	  findings       with pool=…: misuse, latest first: kind, time, size, held (from Get to Put), and the known
//	                 stacks, as lines, innermost first: taken, put, put_wrongly; detail, for kind config
//	  holders        with pool=…: who has taken the objects in use, most bytes first: stack, samples, the
//	                 objects and bytes that these stand for, oldest
package poolz
