// Package mem has signatures of gRPC's.
package mem

type BufferPool interface {
	Get(length int) *[]byte
	Put(*[]byte)
}
