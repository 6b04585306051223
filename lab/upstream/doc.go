// Package upstream runs other people's tests on our pools: Go's own tests of
// sync.Pool on the object pools, and gRPC's tests with one of ours, through
// adapters/grpcpool, as its default buffer pool. They were written by people who
// had never seen our code, for what programs rely on.
//
// It has only tests. Their table says which module, version and packages they come
// from, how our pool gets in, and which tests are skipped and why. The code comes
// from the Go installation and the module proxy. Before each run gRPC's code is
// compared with the checksum in go.sum. No file is changed: an overlay adds a file
// that installs our pool.
//
//	go test -v .         # what make test runs
//	go test -v -long .   # and with checked buffers, and under the race detector
package upstream
