// Package upstream runs other people's tests on our pools: Go's own tests of
// sync.Pool on the object pools, and gRPC's tests with one of ours, through
// adapters/grpcpool, as its default buffer pool. They were written by people who
// had never seen our code, for what programs rely on.
//
// It has tests only. Their table says which module, which version, which packages,
// how our pool gets in, and what is skipped and why. The code comes from the Go
// installation and the module proxy; gRPC's is compared with the checksum in
// go.sum before each run, and nothing in it is changed: our pool comes in by a
// file that an overlay adds.
//
//	go test -v .         # what make test runs
//	go test -v -long .   # and with checked buffers, and under the race detector
package upstream
