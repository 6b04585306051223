// Package pool is the vocabulary of otelpool: what a pool is, what it can tell
// about itself, and where pools are found.
//
// A service uses the pools of package strategies, exports them with package
// otelpool, lets package adaptive resize them, and looks at them with package
// poolz. Those packages do not know each other; they meet here:
//
//   - [Bytes] and [Objects] are what callers use: Get and Put.
//   - [Source] is what every pool can report ([Stats]), [Resizable] and
//     [Tunable] what a controller may change, [Budget] one byte limit shared by
//     many pools.
//   - [Registry] is where named pools and controllers publish themselves, as
//     expvar does for variables; [Default] is the one a program gets when it
//     names none.
//
// Ownership: a value belongs to whoever got it until it is Put; after Put it
// belongs to the pool and must not be read or written. Nothing here enforces
// that at full speed; package strategies says what each pool can detect.
//
// The package imports the standard library only. Everything in it is safe for
// concurrent use unless it says otherwise.
package pool
