//go:build race

package pooltest_test

const raceEnabled = true
