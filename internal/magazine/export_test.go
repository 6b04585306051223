package magazine

// Held counts the idle objects one by one, where Stats derives them from what
// was counted. Nobody may be using the pool.
func (p *Pool) Held() (objects, bytes int64) {
	add := func(d *depot, s *stack) {
		if s != nil {
			objects += int64(s.n)
			bytes += d.bytes(s)
		}
	}
	for i := range p.depots {
		d := &p.depots[i]
		for s := d.newest; s != nil; s = s.older {
			add(d, s)
		}
		for sh := p.all.Load(); sh != nil; sh = sh.older {
			c := &sh.cells[i]
			add(d, c.store())
			add(d, c.previous)
		}
	}
	return objects, bytes
}
