// Package poolconfig changes pools without a rebuild: a document, YAML or JSON,
// and environment variables set limits, modes, zeroing and more by pool name.
// The code's values apply to everything that they do not set.
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
//	    limit: 128MiB     # OTELPOOL_POOL_HTTP_BODY_LIMIT overrides it
//
// docs/configuration.md has every field. Settings are of two kinds. Some can be
// changed while a pool is in use: limit, mode, reserve, the budget, the knobs
// of a controller made with [NewController]; [Config.Apply] and [Config.Reload]
// set them in every open pool of the registry. The others are set when a pool
// is made, by this package's New functions, which take a [Config] before the
// arguments of those of package strategies. A reload that would change one of
// the others is refused.
//
// Everything is all or nothing: a document with a mistake, or with a setting
// that the pool it names cannot have, changes nothing. A pattern's setting
// applies to the pools that can have it. The error lists all mistakes, each
// with file, line, field and value, and what would be right. But a pool that
// hangs or panics, or whose Discard function does, does not block a reload: the
// other pools are set, and the error names the one that failed.
//
// The package is a module of its own, so that pools themselves need no YAML.
// Get and Put run none of its code. Everything is safe for concurrent use, with
// one exception: a Discard function must not reload, because a reload may call
// it.
package poolconfig
