// Package gateway runs examples/otlp, the ingest gateway, as a process of its
// own: built as a user builds it, told by OTEL_* variables where to export to,
// and asked for its own account of what its pools did.
//
//	binary, err := gateway.Build(ctx)
//	g, err := gateway.Start(gateway.Options{Binary: binary, Endpoint: c.GRPCEndpoint(), Dir: t.TempDir()})
//	defer g.Kill()
//	summary, err := g.Wait(ctx)
//
// Cost: the first build compiles gRPC and takes a minute, later ones link for a
// second or two. A gateway of rate 100 takes about a tenth of a core.
package gateway
