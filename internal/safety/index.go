package safety

import "slices"

// index finds a record by any address of its memory: two slices in order of
// address, because there are few records, and they change rarely. The Watch's lock
// guards it. It has addresses as numbers, so it keeps no memory alive. It relies on
// the runtime not moving objects of the heap; weak pointers show when one has gone.
type index struct {
	bases   []uintptr
	records []*StandIn
}

// find is the record whose memory has the address, or nil. Memory of two records
// never overlaps, so the last that begins before the address is the only candidate.
func (x *index) find(addr uintptr) *StandIn {
	i, found := slices.BinarySearch(x.bases, addr)
	if !found {
		i--
	}
	if i < 0 {
		return nil
	}
	if s := x.records[i]; addr-s.base < s.span {
		return s
	}
	return nil
}

// insert adds a record, and removes older records of the same memory: the allocator
// has reused it, and their cleanups have not run yet.
func (x *index) insert(s *StandIn) {
	from, _ := slices.BinarySearch(x.bases, s.base)
	if from > 0 && s.base-x.bases[from-1] < x.records[from-1].span {
		from--
	}
	to := from
	for to < len(x.bases) && x.bases[to] < s.base+s.span {
		to++
	}
	x.bases = slices.Replace(x.bases, from, to, s.base)
	x.records = slices.Replace(x.records, from, to, s)
}

// remove removes a record, unless another has taken its place.
func (x *index) remove(s *StandIn) {
	i, found := slices.BinarySearch(x.bases, s.base)
	if found && x.records[i] == s {
		x.bases = slices.Delete(x.bases, i, i+1)
		x.records = slices.Delete(x.records, i, i+1)
	}
}
