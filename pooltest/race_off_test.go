//go:build !race

package pooltest_test

const raceEnabled = false
