package gcpool

// Members is how many tallies there are.
func (f *Family) Members() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.members)
}
