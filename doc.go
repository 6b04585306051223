// Package pool holds what users of otelpool's pools need, and what it takes to
// publish a pool of your own.
//
// A service uses the pools of package strategies, exports them with package otelpool,
// lets package adaptive size them, and shows them on the page of package poolz. Those
// packages do not know each other; they meet here and in package control:
//
//   - [Bytes] and [Objects] are what callers use: Get and Put.
//   - [Source] is what every pool reports, as [Stats]. Package control has the
//     interfaces of pools that can also be switched, resized and sized by demand.
//   - [Registry] is where named pools and controllers publish themselves, as
//     variables do in package expvar; [Default] is used where none is named.
//     [Budget] is one byte limit that many pools share.
//
// Ownership: a value belongs to whoever got it until it is Put; after Put it belongs
// to the pool and must not be read or written. Nothing here enforces that at full
// speed; package strategies says what each pool can detect.
//
// The package imports nothing but the standard library and this module. Everything in
// it is safe for concurrent use unless it says otherwise.
package pool
