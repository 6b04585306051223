// Package strategies has signatures of the real one.
package strategies

import "context"

type SizeClasses struct{ _ int }

func (*SizeClasses) Get(n int) []byte { return make([]byte, n) }
func (*SizeClasses) Put([]byte)       {}

type Fixed struct{ _ int }

func (*Fixed) Get() []byte                             { return make([]byte, 8) }
func (*Fixed) Acquire(context.Context) ([]byte, error) { return make([]byte, 8), nil }
func (*Fixed) TryGet() ([]byte, bool)                  { return nil, false }
func (*Fixed) Put([]byte)                              {}

type Bounded[T any] struct{ _ int }

func (*Bounded[T]) Get() *T           { return new(T) }
func (*Bounded[T]) GetE() (*T, error) { return new(T), nil }
func (*Bounded[T]) Put(*T)            {}

type Sync[T any] struct{ _ int }

func (*Sync[T]) Get() *T           { return new(T) }
func (*Sync[T]) GetE() (*T, error) { return new(T), nil }
func (*Sync[T]) Put(*T)            {}

type Values[T any] struct{ _ int }

func (*Values[T]) Get() (x T) { return x }
func (*Values[T]) Put(T)      {}
