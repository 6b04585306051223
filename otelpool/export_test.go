package otelpool

// Open is what the first use does, for those who come at the same time.
func (p *Pool) Open() any { return p.open() }
