//go:build !race

package syncpools_test

const raceEnabled = false
