package syncpools

import (
	"debug/elf"
	"slices"
	"strings"
)

// symbols has the program's variables by address; none if it is stripped.
type symbols struct {
	all []elf.Symbol // by address
	off uintptr      // from the linker's addresses to the real ones
}

// readSymbols reads the program's file. It takes some 10 ms for a large
// program, so call it once for all new pools.
func readSymbols() *symbols {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		return nil
	}
	defer f.Close()
	all, err := f.Symbols()
	if err != nil {
		return nil
	}
	s := new(symbols)
	for _, one := range all {
		if one.Name == "runtime.bss" {
			s.off = bss().begin - uintptr(one.Value)
		}
	}
	s.all = slices.DeleteFunc(all, func(one elf.Symbol) bool {
		return elf.ST_TYPE(one.Info) != elf.STT_OBJECT || one.Size == 0 || strings.HasPrefix(one.Name, "go:") ||
			slices.Contains(sections, one.Name)
	})
	slices.SortFunc(s.all, func(a, b elf.Symbol) int { return int(int64(a.Value) - int64(b.Value)) })
	return s
}

// sections has the linker's names for the beginnings of sections.
var sections = []string{"runtime.data", "runtime.bss", "runtime.noptrdata", "runtime.noptrbss"}

// variable names the variable that an address lies in.
func (s *symbols) variable(address uintptr) string {
	if s == nil || !data().has(address) && !bss().has(address) {
		return ""
	}
	at := uint64(address - s.off)
	i, found := slices.BinarySearchFunc(s.all, at, func(one elf.Symbol, at uint64) int { return int(int64(one.Value) - int64(at)) })
	if !found {
		i--
	}
	if i < 0 || at >= s.all[i].Value+s.all[i].Size {
		return ""
	}
	return s.all[i].Name
}
