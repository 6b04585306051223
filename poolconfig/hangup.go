//go:build !js

package poolconfig

import (
	"os"
	"os/signal"
	"syscall"
)

// hangups delivers SIGHUP until stop is called.
func hangups() (_ <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c, func() { signal.Stop(c) }
}
