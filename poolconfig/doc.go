// Package poolconfig changes pools without a rebuild: one document, YAML or JSON,
// and the environment name limits, modes, zeroing and more by pool, and the code's
// values hold where they say nothing.
//
//	conf, err := poolconfig.Load(poolconfig.Options{File: "pools.yaml"})
//	…
//	bodies, err := poolconfig.NewSizeClasses(conf, strategies.SizeClassesConfig{Name: "http.body"})
//	…
//	go conf.Watch(ctx, func(err error) { slog.Info("pools reloaded", "err", err) })
//
// A document of those pools:
//
//	budget: 256MiB        # all pools together
//	pools:
//	  "http.*":
//	    zero: on-put
//	  http.body:
//	    limit: 128MiB     # OTELPOOL_POOL_HTTP_BODY_LIMIT has the last word
//
// docs/configuration.md has every field. Settings are of two kinds. Some can be
// changed while a pool is in use: limit, mode, reserve, the budget, the knobs of
// a controller made with [NewController]; [Config.Apply] and [Config.Reload] set
// them in every open pool of the registry. The others are
// set when a pool is made, by this package's New functions, each of which takes
// what its namesake in package strategies takes. A reload that would change one of
// those is refused.
//
// Everything is all or nothing: a document with a mistake in it, or one that asks
// a pool for what it cannot do, changes nothing, and the error says all that is
// wrong, each with its file, line, field and value, and what would be right. But a
// pool that hangs or panics, or whose Discard function does, holds up no reload: the
// others are set, and the error names it.
//
// The package is a module of its own, so that pools themselves need no YAML.
// Nothing in it is on the way of Get or Put. Everything is safe for concurrent
// use, but for Discard functions of pools: called by a reload, they must not
// reload.
package poolconfig
