//go:build linux || darwin || windows || freebsd

package syncpools

// pointing names a variable that points to an address.
func (s *symbols) pointing(address uintptr) string {
	if s == nil {
		return ""
	}
	for _, in := range []section{data(), bss()} {
		for at := in.begin; at < in.end; at += wordSize {
			if wordAt(at) == address {
				if name := s.variable(at); name != "" {
					return name
				}
			}
		}
	}
	return ""
}
