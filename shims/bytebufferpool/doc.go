// Package bytebufferpool takes the place of github.com/valyala/bytebufferpool under
// programs that cannot be changed, such as those on fasthttp. One line of go.mod puts
// it there:
//
//	replace github.com/valyala/bytebufferpool => github.com/otelpool/pool/shims/bytebufferpool v0.1.0
//
// It has the whole API of version 1.0.0 of the original. Its pools are those of
// [strategies.Bounded]: they are in [pool.Default], which otelpool.Start exports and a
// controller sizes, they survive garbage collections, and what they hold idle is
// limited. The default pool is named bytebufferpool, and any other for the place of its
// first use.
//
// The original learns, from 42,000 Puts at a time, which size a new buffer gets and
// which buffers are too large to be kept. Here a new buffer has no memory until it is
// written to, and large ones go when the pool's limit is reached, or when a controller
// finds that nobody wants them.
//
// [strategies.Bounded]: https://pkg.go.dev/github.com/otelpool/pool/strategies#Bounded
// [pool.Default]: https://pkg.go.dev/github.com/otelpool/pool#Default
package bytebufferpool
