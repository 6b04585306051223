// Package pool has the signatures of the real one: analysistest loads nothing from
// other modules. make lint runs the analyzer on the real packages.
package pool

type Bytes interface {
	Get(n int) []byte
	Put(b []byte)
}
