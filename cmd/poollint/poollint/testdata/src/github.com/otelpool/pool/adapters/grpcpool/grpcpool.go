// Package grpcpool has signatures of the real one.
package grpcpool

type Pool struct{ _ int }

func (*Pool) Get(n int) *[]byte { b := make([]byte, n); return &b }
func (*Pool) Put(*[]byte)       {}
