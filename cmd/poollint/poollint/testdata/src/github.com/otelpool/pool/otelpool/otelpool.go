// Package otelpool has signatures of the real one.
package otelpool

type Pool struct{ New func() any }

func (*Pool) Get() any { return new(int) }
func (*Pool) Put(any)  {}

type SyncPool struct{ _ int }

func (*SyncPool) Get() any { return new(int) }
func (*SyncPool) Put(any)  {}
