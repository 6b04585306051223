// Package upstream runs other people's tests on our pools: Go's own tests of
// sync.Pool on the object pools, gRPC's tests with one of ours, through
// adapters/grpcpool, as its default buffer pool, fasthttp's on shims/bytebufferpool and
// Arrow's on adapters/arrowpool. They were written by people who had never seen our
// code, for what programs rely on.
//
// It has only tests. Their table says which module, version and packages they come
// from, how our pool gets in, and which tests are skipped and why. The code comes
// from the Go installation and the module proxy. Before each run it is compared with
// the module's checksum. No file is changed: an overlay adds or replaces the one that
// installs our pool, and for a shim it is the line of go.mod that its users write.
//
//	go test -v .         # what make test-upstream runs
//	go test -v -long .   # and fasthttp's and Arrow's, checked buffers, the race detector
package upstream
