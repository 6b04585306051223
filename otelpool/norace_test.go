//go:build !race

package otelpool_test

const underRace = false
