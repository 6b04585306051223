package poolconfig

import "os"

// hangups delivers nothing: JavaScript has no SIGHUP.
func hangups() (_ <-chan os.Signal, stop func()) { return nil, func() {} }
