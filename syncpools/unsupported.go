//go:build !(linux || darwin || windows || freebsd)

package syncpools

import (
	"errors"
	"runtime"
)

// Census reads the program's sync.Pools, from Start to Stop.
type Census struct{}

// Start returns an error: this platform has no census.
func Start(Config) (*Census, error) {
	return nil, errors.New("syncpools: " + runtime.GOOS + " is none of the platforms that have a census: linux, " +
		"darwin, windows, freebsd")
}

// Stop does nothing.
func (*Census) Stop() {}

// Read does nothing.
func (*Census) Read() {}

// Err returns nil.
func (*Census) Err() error { return nil }

// Unknown returns 0.
func (*Census) Unknown() int { return 0 }

// Displaced returns "".
func (*Census) Displaced() string { return "" }
