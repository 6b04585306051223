package signals

import (
	"bytes"
	"errors"
	"fmt"
)

// charged is what memory.stat says of the pages that a group is charged for.
type charged struct {
	anon, cache, kernel, other int64 // together all of them
	activeFile, inactiveFile   int64 // of cache, without what is shared memory or locked
	parts                      int64 // of kernel, which has no figure of its own before Linux 5.18: these add up to it
	slab                       int64 // of kernel, what can be taken back; an estimate in the first version
	inherited                  int64 // least limit, ancestors that cannot be seen included, or NoLimit
}

// unaccounted is how much of a group's limit, as one in so many, has to be in none of
// the figures to be taken for real: they are late by some pages for each CPU.
const unaccounted = 8

// set is the part of a usage that the kernel cannot take back without stalling anyone.
// File pages and slabs it can; if they are wanted after all, stalls and events tell. What is
// charged and in no figure is huge pages that were freed in part, and that the kernel splits when it
// needs them.
func (c *charged) set(usage, limit int64) int64 {
	set := usage - c.activeFile - c.inactiveFile - c.slab
	unknown := usage - c.anon - c.cache - c.kernel - c.other
	if unknown > min(limit, usage)/unaccounted {
		set -= unknown
	}
	return max(set, 0)
}

// parseCharged reads memory.stat in one go.
func parseCharged(text []byte, version int) (c charged, err error) {
	c.inherited = NoLimit
	found := false
	for key, value := range pairs(text) {
		into := c.figure(key, version)
		if into == nil {
			continue
		}
		n, err := parseBytes(value)
		if err != nil {
			return c, fmt.Errorf("%s: %w", key, err)
		}
		found = found || into == &c.inactiveFile
		if into == &c.inherited {
			*into = 0
		}
		*into += n
	}
	if !found {
		return c, errors.New("inactive_file: missing")
	}
	if c.kernel == 0 {
		c.kernel = c.parts
	}
	return c, nil
}

// figure is where the value of a key belongs, or nil. Those of the first version
// that begin with total_ include the groups below, and the others do not.
func (c *charged) figure(key []byte, version int) *int64 {
	if version == 1 {
		name, total := bytes.CutPrefix(key, []byte("total_"))
		if !total && string(key) != "hierarchical_memory_limit" {
			return nil
		}
		key = name
	}
	switch string(key) {
	case "anon", "rss":
		return &c.anon
	case "file", "cache":
		return &c.cache
	case "kernel":
		return &c.kernel
	case "slab", "kernel_stack", "pagetables", "percpu", "vmalloc":
		return &c.parts
	case "sock", "zswap", "hugetlb":
		return &c.other
	case "active_file":
		return &c.activeFile
	case "inactive_file":
		return &c.inactiveFile
	case "slab_reclaimable":
		return &c.slab
	case "hierarchical_memory_limit":
		return &c.inherited
	}
	return nil
}
